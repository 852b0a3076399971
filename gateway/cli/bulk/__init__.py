"""`clearbg bulk`: cut out a folder of images by bulk jobs; it resumes after an interruption."""
