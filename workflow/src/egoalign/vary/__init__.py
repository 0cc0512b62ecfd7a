"""How alignment differs with age, speaker, utterance, session and child."""
