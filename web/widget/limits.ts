import type { limits } from '../../domain/limits.ts';

type Limits = typeof limits;

/*
 * The limits that the widget keeps, held to domain/limits.ts by their types. Importing the values would put every
 * other limit of the product into each visitor's browser too.
 */
export const visitorMessageLength: Limits['visitorMessageLength'] = 4_000;
export const pageUrlLength: Limits['pageUrlLength'] = 2_000;
export const visitorEmailLength: Limits['visitorEmailLength'] = 254;
