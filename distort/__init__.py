"""The command line, `distort`: every command a class whose fields are its flags and whose call does its work."""
