"""The int8 model: calibrates its ranges, and compares its masks with those of float32."""
