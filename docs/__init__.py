"""The guide's pictures, and the module that generates them."""
