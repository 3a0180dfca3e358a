import { ButtonLink } from '../design/button.tsx';
import { safeHref } from '../design/links.tsx';
import { text } from '../text/index.ts';
import { LandingScene } from './landing-scene.tsx';

const words = text.landing;

export interface LandingProps {
  /** Where the documentation for self-hosters is. Without it, the page has no link to it. */
  docsUrl?: string;
}

/** What the product is, how it works, and what Zoom will ask. Static: no script runs here. */
export function Landing({ docsUrl }: LandingProps) {
  return (
    <>
      <section class="wrap hero">
        <h1>{words.heading}</h1>
        <div class="hero-side">
          <p class="hero-lead">{words.lead}</p>
          <div class="hero-action">
            <ButtonLink large href="/install">
              {words.addToZoom}
            </ButtonLink>
            <p class="soft small">{words.addNote}</p>
          </div>
        </div>
      </section>
      <div class="wrap">
        <LandingScene />
      </div>

      <section class="wrap landing-section" aria-labelledby="how">
        <h2 id="how">{words.stepsHeading}</h2>
        <ol class="how">
          {words.steps.map(({ title, body }) => (
            <li key={title}>
              <h3>{title}</h3>
              <p class="soft">{body}</p>
            </li>
          ))}
        </ol>
      </section>

      <section class="landing-band" aria-labelledby="promise">
        <div class="wrap landing-split">
          <h2 id="promise">{words.promiseHeading}</h2>
          <dl class="ticks">
            {words.promise.map(({ mark, title, body }) => (
              <div key={title}>
                <dt>
                  <span class="ticks-mark" aria-hidden="true">
                    {mark}
                  </span>
                  {title}
                </dt>
                <dd class="soft">{body}</dd>
              </div>
            ))}
          </dl>
        </div>
      </section>

      <section class="wrap landing-section landing-split" aria-labelledby="permissions">
        <div class="stack">
          <h2 id="permissions">{words.permissionsHeading}</h2>
          <p class="soft">{words.permissionsLead}</p>
        </div>
        <dl class="permissions">
          {words.permissions.map(({ name, body }) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="soft">{body}</dd>
            </div>
          ))}
        </dl>
      </section>

      <section class="wrap landing-section landing-split landing-self" aria-labelledby="self-host">
        <h2 id="self-host">{words.selfHostHeading}</h2>
        <div class="stack narrow">
          <p class="soft">{words.selfHost}</p>
          {docsUrl === undefined ? null : (
            <p>
              <a href={safeHref(docsUrl)}>{words.docsLink}</a>
            </p>
          )}
        </div>
      </section>
    </>
  );
}
