import { describe, expect, test } from 'vitest';
import { pageAddress } from '../../domain/page-address.ts';

describe('a page’s address as the team sees it', () => {
  test.each([
    ['https://shop.example/account?reset_token=SECRET#frag', [], 'https://shop.example/account'],
    ['https://shop.example/p?sku=7&email=a@b.c', ['sku'], 'https://shop.example/p?sku=7'],
    ['https://shop.example/p?SKU=7&sku[]=1', ['sku'], 'https://shop.example/p'],
    ['https://shop.example/p?sku=a%26email%3Db', ['sku'], 'https://shop.example/p?sku=a%26email%3Db'],
    ['https://zoom.us@evil.example/p', [], 'https://evil.example/p'],
    ['https://me:secret@shop.example:8443/', [], 'https://shop.example:8443/'],
    ['http://bücher.example/ä', [], 'http://xn--bcher-kva.example/%C3%A4'],
  ])('%s with %j is %s', (address, allowed, seen) => {
    expect(pageAddress(address, allowed)).toBe(seen);
  });
});
