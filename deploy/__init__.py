"""What an operator needs: images, compose parts, metrics, dashboards, alerts."""
