"""What every model has to do, whichever dialect it speaks."""
