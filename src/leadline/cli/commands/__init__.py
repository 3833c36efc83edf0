"""One module a verb: options to a request, a service, its answer worded."""
