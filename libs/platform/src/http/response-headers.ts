// What every answer says to browsers, also where the framework answers by itself.

/** Data is shown by no browser, so nothing in it may run, load or be framed. */
export const OF_DATA: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/** The pages of /docs: their own files and nothing from anywhere else. Swagger UI has its styles in the page. */
export const OF_PAGES: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
};
