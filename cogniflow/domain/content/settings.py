"""What the public page says around its features, testimonials and blog posts."""

from cogniflow.kernel.setting import Setting, declare

declare(
    Setting("site.headline", "Welcome", "Headline of the public page."),
    Setting("site.intro", "This is what we do.", "What the public page says below its headline."),
    Setting("site.features", "What you can expect", "Heading above the features of the public page."),
    Setting("site.testimonials", "What our customers say", "Heading above the testimonials of the public page."),
    Setting("site.blog", "From our blog", "Heading above the blog posts of the public page."),
    Setting("site.sign_in", "Sign in", "Link of the public page for who works here."),
    Setting("site.skip", "Skip to content", "Link of the public page that leads past its head."),
    Setting("site.footer", "Thank you for your visit.", "Last line of the public page."),
)
