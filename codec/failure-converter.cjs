// CommonJS, since Temporal loads it by path both in Node and in the workflow bundle.
const { DefaultFailureConverter } = require('@temporalio/common');

/** Failure messages and stack traces are encrypted like every other payload. */
exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
