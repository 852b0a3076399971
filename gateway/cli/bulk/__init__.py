"""`clearbg bulk`: have a folder of images cut out by bulk jobs, and go on after an interruption."""
