// CommonJS, since Temporal loads it by path both in Node and in the workflow bundle.
const { ApplicationFailure, DefaultFailureConverter } = require('@temporalio/common');

const plain = new DefaultFailureConverter();

/**
 * Failure messages and stack traces are encrypted like every other payload. One type is not: a sentence in our own
 * words for an operator whose Update is refused, since Temporal UI decrypts no failure of an Update. Its words must be
 * free of names, addresses and anything else that came from outside; see `refuse` in workflows/operator-input.ts.
 */
class Converter extends DefaultFailureConverter {
  errorToFailure(error, payloadConverter, context) {
    if (!(error instanceof ApplicationFailure) || error.type !== 'OperatorRefused') {
      return super.errorToFailure(error, payloadConverter, context);
    }
    return { ...plain.errorToFailure(error, payloadConverter, context), stackTrace: '' };
  }
}

exports.failureConverter = new Converter({ encodeCommonAttributes: true });
