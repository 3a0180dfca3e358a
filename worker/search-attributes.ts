import { isGrpcServiceError, type Client } from '@temporalio/client';
import proto, { type temporal } from '@temporalio/proto';
import { searchAttributeTypes } from '../domain/search-attributes.ts';

const { IndexedValueType } = proto.temporal.api.enums.v1;
const alreadyExists = 6;

/**
 * Register our search attributes with the server, unless it has them. Needs the operator API; a cloud namespace sets
 * them up by hand.
 */
export async function registerSearchAttributes(client: Client): Promise<void> {
  const known = await operatorOf(client).listSearchAttributes({ namespace: client.options.namespace });
  const missing = Object.keys(searchAttributeTypes).filter((name) => known.customAttributes[name] === undefined);
  if (missing.length > 0) await addSearchAttributes(client, missing);
}

/** Add these of our search attributes, which the server does not have. */
export async function addSearchAttributes(client: Client, names = Object.keys(searchAttributeTypes)): Promise<void> {
  const { INDEXED_VALUE_TYPE_KEYWORD: keyword, INDEXED_VALUE_TYPE_KEYWORD_LIST: keywordList } = IndexedValueType;
  try {
    await operatorOf(client).addSearchAttributes({
      namespace: client.options.namespace,
      searchAttributes: Object.fromEntries(
        names.map((name) => [name, searchAttributeTypes[name] === 'KeywordList' ? keywordList : keyword]),
      ),
    });
  } catch (error) {
    // Another worker was faster.
    if (!(isGrpcServiceError(error) && (error.code as number) === alreadyExists)) throw error;
  }
}

function operatorOf(client: Client): temporal.api.operatorservice.v1.OperatorService {
  // The Connection behind a Client has it; the interface that Client declares names the workflow service only.
  return (client.connection as unknown as { operatorService: temporal.api.operatorservice.v1.OperatorService })
    .operatorService;
}
