import type { MissingScope } from '../../domain/missing-scope.ts';
import { ButtonLink } from '../design/button.tsx';
import { Notice } from '../design/notice.tsx';
import { text } from '../text/index.ts';

const words = text.missingScopes;

/**
 * What Zoom has not granted to the app, what does not work, and what to do. Nothing when nothing is missing.
 * @param props.needed only where live chat needs one of them: what an administrator left out on purpose is no news.
 */
export function MissingScopes({ missing, needed = false }: { missing: readonly MissingScope[]; needed?: boolean }) {
  const isNeeded = missing.some(({ required }) => required);
  if (missing.length === 0 || (needed && !isNeeded)) return null;
  const kind = isNeeded ? 'needed' : 'optional';
  return (
    <div class="missing-scopes-notice">
      <Notice tone={isNeeded ? 'warning' : 'info'} title={words.heading[kind]} role="status">
        <p>{words.lead[kind]}</p>
        <MissingScopeList missing={missing} />
        <p>{words.help[kind]}</p>
        <ButtonLink kind={isNeeded ? 'primary' : 'secondary'} href="/install">
          {words.addAgain}
        </ButtonLink>
      </Notice>
    </div>
  );
}

/** Each of them, with what does not work without it. */
export function MissingScopeList({ missing }: { missing: readonly MissingScope[] }) {
  const isNeeded = missing.some(({ required }) => required);
  return (
    <ul class="missing-scopes">
      {missing.map(({ label, classic, granular, without, required }) => (
        <li key={granular.join()}>
          <strong>{label}</strong>
          {required || !isNeeded ? null : <span class="soft">{words.optionalMark}</span>}
          <br />
          {without}
          <br />
          <span class="small">
            {words.scopes}
            {granular.map((name, n) => (
              <>
                {n === 0 ? null : ', '}
                <code>{name}</code>
              </>
            ))}
            {granular.includes(classic) ? null : (
              <>
                {words.classic}
                <code>{classic}</code>
              </>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
