"""The parts of the page that says why a run has no allocation."""
