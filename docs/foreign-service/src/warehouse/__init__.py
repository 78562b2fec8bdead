"""The warehouse: picks what was ordered, and says when it is done."""
