"""The demo room: scenes of known truth, the corpus made of them, and the model taught on them."""
