"""The service: an HTTP API and its pages, from a saved model and a feedback store. Needs the extra `serve`."""
