"""Coverage packs: what a law, standard or framework asks for, held against the evidence of an audit."""
