"""How fast the product is: `./dev bench` loads proposals, drives real HTTP and prints what each step costs."""
