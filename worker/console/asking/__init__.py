"""`switchhook agent|queue|call|conference`: what people ask of the centre, through the ingress's door of intents."""
