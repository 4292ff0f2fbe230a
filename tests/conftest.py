def pytest_collection_modifyitems(items):
    """Files with slow tests come first, or at the end one process works on them alone while the others wait."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
