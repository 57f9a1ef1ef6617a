"""Who lives in the demo and what they say. Everything in `content` is invented: companies, people, talk."""
