"""The model behind one protocol, wherever it runs."""
