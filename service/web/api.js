// The service's own OpenAPI description, in Swagger UI served from here: no request leaves.
SwaggerUIBundle({ url: "/openapi.json", dom_id: "#description", deepLinking: true });
