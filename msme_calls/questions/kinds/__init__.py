"""The kinds of question, each in a file of its own; `registry` finds them."""
