// The module that scripts/build/document.mjs bundles and imports.
import { endpoints } from '../../src/app'
import { describeApi } from '../../src/http/docs/docs'
import { PLACEHOLDER_ORIGIN } from '../../src/http/docs/document-origin'

export const document = describeApi(endpoints, PLACEHOLDER_ORIGIN)
