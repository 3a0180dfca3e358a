import { text } from '../text/index.ts';
import { PackPicture, RangePicture, StovePicture, TentPicture } from './preview-pictures.tsx';

const words = text.preview;
const shop = words.shop;
const products = [
  { id: 'packs', picture: <PackPicture />, ...shop.products.pack },
  { id: 'shelter', picture: <TentPicture />, ...shop.products.tent },
  { id: 'kitchen', picture: <StovePicture />, ...shop.products.stove },
];

/** A website of somebody else's with the widget on it: the real one, writing to the real channel. */
export function Preview() {
  return (
    <>
      <a class="skip-link" href="#main">
        {text.common.skipToContent}
      </a>
      <aside class="preview-bar" aria-label={words.barLabel}>
        <p>{words.bar}</p>
        <a href="/dashboard">{text.common.dashboard}</a>
      </aside>
      <p class="preview-trouble" id="preview-trouble" role="status" />
      <header class="shop-header">
        <span class="shop-name">{shop.name}</span>
        <nav aria-label={shop.navigation}>
          <ul>
            {Object.entries(shop.nav).map(([id, label]) => (
              <li key={id}>
                <a href={`#${id}`}>{label}</a>
              </li>
            ))}
          </ul>
        </nav>
      </header>
      <main id="main" tabIndex={-1}>
        <div class="shop-hero">
          <div class="shop-hero-text">
            <h1>{shop.heading}</h1>
            <p>{shop.lead}</p>
          </div>
          <div class="shop-range">
            <RangePicture />
          </div>
        </div>
        <section class="shop-section" aria-labelledby="season">
          <h2 id="season">{shop.productsHeading}</h2>
          <ul class="shop-products">
            {products.map(({ id, picture, name, about, price }) => (
              <li key={id} id={id} class="shop-product">
                <div class="shop-picture">{picture}</div>
                <h3>{name}</h3>
                <p>{about}</p>
                <p class="shop-price">{price}</p>
                <button type="button" class="shop-ask" data-open-chat>
                  {shop.ask}
                  <span class="visually-hidden">{shop.askAbout(name)}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
        <section class="shop-section shop-visit" id="visit" aria-labelledby="visit-heading">
          <h2 id="visit-heading">{shop.visitHeading}</h2>
          <p>{shop.visit}</p>
        </section>
      </main>
      <footer class="shop-footer">
        <p>{shop.footer}</p>
      </footer>
    </>
  );
}
