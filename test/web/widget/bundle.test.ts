import { describe, expect, it } from 'vitest';
import { bundleWidget, maxGzipBytes } from '../../../web/widget/bundle.ts';

describe('bundle', () => {
  it('stays small', async () => {
    const { code, gzipBytes } = await bundleWidget({ minify: true });
    console.log(`widget.js: ${code.length} characters, ${gzipBytes} bytes after gzip`);
    // Mangled property names would save 400: not worth a list of names to keep by hand.
    expect(maxGzipBytes).toBe(18_000);
    expect(gzipBytes).toBeLessThan(maxGzipBytes);
  });

  it('holds no schemas, runs no text as code and writes no markup', async () => {
    const { code } = await bundleWidget({ minify: true });
    expect(code).not.toMatch(/ZodError|\beval\(|new Function|document\.cookie|insertAdjacentHTML|document\.write/);
    // Preact has one, for a property that the widget never uses.
    expect(code.match(/innerHTML/g)?.length ?? 0).toBeLessThanOrEqual(4);
    const { code: readable } = await bundleWidget({ minify: false });
    expect(readable.slice(readable.indexOf('web/widget/app.ts'))).not.toMatch(/innerHTML/i);
  });
});
