import { text } from '../text/index.ts';

const words = text.landing.scene;

/** A drawing in HTML of the widget and Zoom side by side: the question goes one way, the answer the other. */
export function LandingScene() {
  return (
    <figure class="scene">
      <div class="scene-art" aria-hidden="true">
        <div class="scene-window scene-site">
          <div class="scene-bar">
            <span class="scene-dots" />
            <span class="scene-address">{words.site}</span>
          </div>
          <div class="scene-page">
            <div class="scene-shelf">
              <span class="scene-picture" />
              <span class="scene-line" />
              <span class="scene-line scene-line-short" />
              <span class="scene-line" />
              <span class="scene-line scene-line-short" />
            </div>
            <div class="scene-widget">
              <p class="scene-widget-head">{words.widgetTitle}</p>
              <div class="scene-talk">
                <p class="scene-bubble scene-bubble-visitor">{words.question}</p>
                <p class="scene-delivered">✓✓ {words.delivered}</p>
                <p class="scene-by">{words.answerBy}</p>
                <p class="scene-bubble scene-bubble-team">{words.answer}</p>
              </div>
            </div>
          </div>
        </div>

        <div class="scene-wires">
          <span class="wire wire-out" />
          <span class="wire wire-back" />
        </div>

        <div class="scene-window scene-zoom">
          <div class="scene-bar">
            <span class="scene-dots" />
            <span class="scene-title">{words.zoomWindow}</span>
          </div>
          <div class="scene-chat">
            <div class="scene-channels">
              <p class="scene-channels-head">{words.channels}</p>
              <p class="scene-channel">{words.otherChannel}</p>
              <p class="scene-channel scene-channel-new">{words.inbound}</p>
              <p class="scene-channel scene-channel-open">{words.chatChannel}</p>
            </div>
            <div class="scene-panes">
              <div class="scene-pane">
                <p class="scene-pane-name">{words.inbound}</p>
                <div class="scene-card">
                  <p class="scene-card-title">{words.card}</p>
                  <p>{words.question}</p>
                  <span class="scene-join">{words.join}</span>
                </div>
              </div>
              <div class="scene-pane">
                <p class="scene-pane-name">{words.chatChannel}</p>
                <p class="scene-message">
                  <span class="scene-avatar scene-avatar-visitor" />
                  <span>
                    <b>{words.visitor}</b> <span class="scene-role">{words.visitorRole}</span>
                    <br />
                    {words.question}
                  </span>
                </p>
                <p class="scene-message">
                  <span class="scene-avatar scene-avatar-team" />
                  <span>
                    <b>{words.answerBy}</b>
                    <br />
                    {words.answer}
                  </span>
                </p>
              </div>
            </div>
          </div>
        </div>
      </div>
      <figcaption class="visually-hidden">{text.landing.sceneCaption}</figcaption>
    </figure>
  );
}
