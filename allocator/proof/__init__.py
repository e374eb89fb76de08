"""What lets anybody check a committed allocation without this program or its database."""
