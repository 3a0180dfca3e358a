import { isGrpcServiceError, type Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { searchAttributeTypes } from '../domain/search-attributes.ts';

const { IndexedValueType } = temporal.api.enums.v1;
const alreadyExists = 6;

/** Register our search attributes with the server, unless it has them. Needs the operator API; a cloud namespace sets them up by hand. */
export async function registerSearchAttributes(client: Client): Promise<void> {
  const { operatorService } = client.connection as unknown as {
    operatorService: temporal.api.operatorservice.v1.OperatorService;
  };
  const namespace = client.options.namespace;
  const known = await operatorService.listSearchAttributes({ namespace });
  const missing = Object.entries(searchAttributeTypes).filter(([name]) => known.customAttributes[name] === undefined);
  if (missing.length === 0) return;
  try {
    await operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(
        missing.map(([name, type]) => [
          name,
          type === 'Keyword'
            ? IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
            : IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
        ]),
      ),
    });
  } catch (error) {
    // Another worker was faster.
    if (!(isGrpcServiceError(error) && (error.code as number) === alreadyExists)) throw error;
  }
}
