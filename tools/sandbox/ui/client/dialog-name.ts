/** Which dialog is open. */
export type DialogName = 'create' | 'join' | 'write' | 'people' | 'members' | 'channel' | 'app';
