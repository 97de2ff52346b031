"""Both keys of a target over time: what they are (`timeline`), and where that stands in a picture (`drawing`).

It is plain data. The template `timeline.html` writes it as SVG.
"""
