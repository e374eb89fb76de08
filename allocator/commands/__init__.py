"""The commands of `python -m allocator`, one module for each group of them."""
