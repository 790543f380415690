"""Images and what is known about them: real digits, rendered characters, and the styles both come in."""
