import { z } from 'zod';
import { parsers } from 'prettier/plugins/yaml';

/** A node of Prettier's YAML tree, as far as it is read here. */
interface Node {
  type: string;
  value?: string;
  children?: (Node | null)[];
  anchor?: { value: string } | null;
}
const nodeSchema: z.ZodType<Node> = z.lazy(() =>
  z.looseObject({
    type: z.string(),
    value: z.string().optional(),
    children: z.array(nodeSchema.nullable()).optional(),
    anchor: z.looseObject({ value: z.string() }).nullish(),
  }),
) as z.ZodType<Node>;

export type Yaml = string | null | Yaml[] | { [key: string]: Yaml };

/**
 * A YAML text as plain objects, by the parser of Prettier: the project needs no other use of YAML. Aliases and `<<` are
 * resolved; every scalar comes as a string.
 *
 * @throws the parser's error when the text is not YAML
 */
export async function parseYaml(text: string): Promise<Yaml> {
  const parse = parsers.yaml.parse as (text: string, options: object) => unknown;
  const root = nodeSchema.parse(await parse(text, {}));
  const anchors = new Map<string, Yaml>();

  const read = (node: Node | null | undefined): Yaml => {
    if (!node) return null;
    const value = content(node);
    if (node.anchor) anchors.set(node.anchor.value, value);
    return value;
  };
  const content = (node: Node): Yaml => {
    const children = node.children ?? [];
    switch (node.type) {
      case 'alias':
        return anchors.get(node.value ?? '') ?? null;
      case 'plain':
      case 'quoteSingle':
      case 'quoteDouble':
      case 'blockLiteral':
      case 'blockFolded':
        return node.value ?? '';
      case 'sequence':
      case 'flowSequence':
        return children.map((item) =>
          read(item?.type === 'sequenceItem' || item?.type === 'flowSequenceItem' ? item.children?.[0] : item),
        );
      case 'mapping':
      case 'flowMapping':
        return mapping(children);
      default:
        return read(children.find((child) => child !== null && child.type !== 'comment') ?? null);
    }
  };
  const mapping = (items: (Node | null)[]): Yaml => {
    const result: Record<string, Yaml> = {};
    for (const item of items) {
      const [key, value] = item?.children ?? [];
      const name = read(key?.children?.[0]);
      const given = read(value?.children?.[0]);
      if (name === '<<' && typeof given === 'object' && given !== null) Object.assign(result, given);
      else if (typeof name === 'string') result[name] = given;
    }
    return result;
  };
  const document = root.children?.[0];
  return read(document?.children?.find((child) => child?.type === 'documentBody'));
}
