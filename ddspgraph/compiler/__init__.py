"""From a spec to one `tf.function`: frontend, analysis, passes, lowering."""
