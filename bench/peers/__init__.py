"""What is measured against: one module a peer, each with a class `Peer`."""

NAMES = ("einfall", "torch", "inductor", "numpy", "onnxruntime", "openvino", "llama_cpp")


class Unsupported(Exception):
    """The peer has no way to run a case; the text says why."""
