"""The README's pictures, and the module that generates them."""
