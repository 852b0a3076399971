"""Finds settings that suit a machine: by measuring them there, and by what repeats bear out."""
