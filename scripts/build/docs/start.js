// Starts Swagger UI on /docs. The page loads it after swagger-ui-bundle.js.

/** Swagger UI's own dark theme follows a class. */
const dark = matchMedia('(prefers-color-scheme: dark)')
const followTheme = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', followTheme)
followTheme()

/**
 * Authorize begins at the username: Swagger UI focuses the field for a bearer token instead, which
 * scrolls the form for username and password out of sight.
 */
const usernameFirst = {
  Input:
    (Original, { React }) =>
    ({ autoFocus, ...props }) =>
      React.createElement(Original, props),
  oauth2:
    (Original, { React }) =>
    (props) => {
      React.useEffect(() => document.getElementById('oauth_username')?.focus(), [])
      return React.createElement(Original, props)
    },
}

/** Error responses are one line each until a reader opens them. */
const collapsedErrors = {
  response:
    (Original, { React }) =>
    (props) => {
      const e = React.createElement
      const { code, response } = props
      if (Number(code) < 400) return e(Original, props)
      const text = response.get('description').replaceAll('`', '') // Markdown's, of a code span
      const summary = e('summary', null, e('b', null, code), ' ', text)
      const table = e('table', null, e('tbody', null, e(Original, props)))
      const details = e('details', { className: 'error-response' }, summary, table)
      return e('tr', null, e('td', { colSpan: 3 }, details))
    },
}

const ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  // Tokens stay in memory: localStorage would keep them beyond the page.
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
  plugins: [{ wrapComponents: { ...usernameFirst, ...collapsedErrors } }],
})
// The scopes that every user may have. An admin selects the scope `admin` as well.
ui.initOAuth({ scopes: 'posts:write account' })
