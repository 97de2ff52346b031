"""The world over HTTP: one Azure service for each file, and a control surface apart from them."""
