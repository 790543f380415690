"""Foreign files read without running anything that is in them: pickles, PyTorch's files, safetensors, archives."""
