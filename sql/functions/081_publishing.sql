-- What is published can be read, and says since when.

-- How light a colour is, 0 to 1; NULL for what is no colour. Relative luminance of WCAG 2.2.
create or replace function cogniflow.luminance(colour text) returns numeric
language sql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
    select sum(share * case when c <= 0.04045 then c / 12.92 else power((c + 0.055) / 1.055, 2.4) end)
    from (values (0, 0.2126), (1, 0.7152), (2, 0.0722)) as channels (place, share)
    -- in one expression: a condition beside it may be looked at later
    cross join lateral (select case when colour ~ '^#[0-9a-f]{6}$' then get_byte(decode(substr(colour, 2), 'hex'), place) / 255.0 end as c) as value
$$;

-- How well one colour is read on another, 1 to 21. Contrast ratio of WCAG 2.2.
create or replace function cogniflow.contrast(one text, other text) returns numeric
language sql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $$
    select (greatest(a, b) + 0.05) / (least(a, b) + 0.05) from (values (cogniflow.luminance(one), cogniflow.luminance(other))) as pair (a, b)
    where a + b is not null
$$;

-- BEFORE a version of a branding: text on its colours, and links of its colours on the page, can be read.
create or replace function cogniflow.guard_branding() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    worst record;
begin
    select * into worst from (values
        ('text_colour', new.colour, new.text_colour, 'the colour'), ('dark_text_colour', new.dark_colour, new.dark_text_colour, 'the dark colour'),
        -- the surfaces of the pages, light and dark, as the style sheet has them
        ('colour', new.colour, '#ffffff', 'a light page'), ('dark_colour', new.dark_colour, '#141b27', 'a dark page')
    ) as pairs (field, one, other, place) where cogniflow.contrast(one, other) < 4.5 limit 1;
    if found then
        raise exception 'It is hard to read on %: the contrast is %, and must be at least 4.5.',
            worst.place, trunc(cogniflow.contrast(worst.one, worst.other), 2) using errcode = 'CF422', column = worst.field;
    end if;
    if tg_op = 'UPDATE' and new.status = 'published' and old.status = 'draft' then new.published_at := now(); end if;
    return new;
end $$;

-- BEFORE content: what is published says from when.
create or replace function cogniflow.guard_content() returns trigger
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
begin
    if new.status <> 'draft' then new.published_at := coalesce(new.published_at, old.published_at, now()); end if;
    return new;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_35_branding BEFORE INSERT OR UPDATE ON public.branding_template_versions FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_branding()');
    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_35_content BEFORE UPDATE ON public.%I FOR EACH ROW EXECUTE FUNCTION cogniflow.guard_content()', tbl))
    from unnest('{testimonials,blog_posts,features}'::text[]) tbl;
end $$;
