/** A permission (scope) that Zoom has not granted to the app, in words for an administrator. */
export interface MissingScope {
  /** As Zoom's consent page puts it. */
  label: string;
  /** Its name in an app with classic scopes. */
  classic: string;
  /** The names that are missing of those that an app with granular scopes needs for it. */
  granular: string[];
  /** What does not work without it, a sentence. */
  without: string;
  /** Whether live chat works at all without it. */
  required: boolean;
}
