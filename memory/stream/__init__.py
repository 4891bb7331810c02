"""The memory stream of Generative Agents (Park et al. 2023, arXiv 2304.03442, section 4)."""
