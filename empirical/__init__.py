"""The paper's questions on real images: does fine-tuning distort features, and what does that cost?

`embedded` runs the benchmark that needs no download (handwritten digits); `records` reads what was measured.
Parameters, images and random draws are float32 whether or not the process runs in double precision.
"""
