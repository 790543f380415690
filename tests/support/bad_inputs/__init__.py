"""Bad inputs of every kind, and how each is met; `python -m tests.support.bad_inputs` tabulates them."""
