// Shows the OpenAPI document; what is tried from here goes out with the session and its cross-site token.
const place = document.getElementById("api-docs");

window.SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  docExpansion: "none",
  filter: true,
  validatorUrl: null,
  requestInterceptor: (request) => {
    if (!request.headers.Authorization) request.headers["X-CSRFToken"] = window.cogniflow.crossSite();
    return request;
  },
});
