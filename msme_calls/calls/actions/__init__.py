"""What people do to calls."""
