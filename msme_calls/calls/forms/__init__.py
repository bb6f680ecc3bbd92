"""The forms of setting up a call: their shape; what is written in them is judged by the rules."""
