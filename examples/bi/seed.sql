-- Sixteen stores, the days of two years and some thousand lines of sales, the same on every run.
INSERT INTO dw.dim_store (store_sk, name, city, region, manager_id, opened_on, area_m2) VALUES
    (1, 'Jungfernstieg', 'Hamburg', 'NORD', 'tableau_nord', '2009-03-14', 1450),
    (2, 'Altona', 'Hamburg', 'NORD', 'nils', '2014-09-01', 620),
    (3, 'Obernstrasse', 'Bremen', 'NORD', 'nils', '2011-05-20', 880),
    (4, 'Holstenplatz', 'Kiel', 'NORD', 'ida', '2018-10-06', 410),
    (5, 'Schildergasse', 'Köln', 'WEST', 'tableau_nord', '2006-11-02', 1720),
    (6, 'Ehrenfeld', 'Köln', 'WEST', 'mert', '2019-04-27', 390),
    (7, 'Westenhellweg', 'Dortmund', 'WEST', 'mert', '2008-08-15', 1130),
    (8, 'Königsallee', 'Düsseldorf', 'WEST', 'sara', '2003-03-29', 1900),
    (9, 'Alexanderplatz', 'Berlin', 'OST', 'jan', '2010-06-12', 1650),
    (10, 'Prenzlauer Berg', 'Berlin', 'OST', 'jan', '2016-02-18', 540),
    (11, 'Prager Strasse', 'Dresden', 'OST', 'olga', '2012-10-05', 970),
    (12, 'Petersstrasse', 'Leipzig', 'OST', 'olga', '2015-05-09', 890),
    (13, 'Kaufingerstrasse', 'München', 'SUED', 'toni', '2005-09-30', 1840),
    (14, 'Schwabing', 'München', 'SUED', 'toni', '2017-07-22', 470),
    (15, 'Königstrasse', 'Stuttgart', 'SUED', 'eva', '2007-04-21', 1310),
    (16, 'Karolinenstrasse', 'Nürnberg', 'SUED', 'eva', '2013-11-08', 760);

INSERT INTO dw.dim_date (date_sk, day, year, quarter, month, weekday, holiday)
SELECT to_char(d, 'YYYYMMDD')::int, d, extract(year FROM d), extract(quarter FROM d), extract(month FROM d), extract(isodow FROM d),
       to_char(d, 'MMDD') IN ('0101', '0501', '1003', '1225', '1226')
FROM generate_series(date '2025-01-01', date '2026-12-31', interval '1 day') AS g(d);

INSERT INTO dw.fact_sales (date_sk, store_sk, ticket_no, line_no, article, qty, amount, cost)
SELECT to_char(date '2025-01-02' + (n * 7 % 680), 'YYYYMMDD')::int, 1 + (n * n + n / 3) % 16, n / 3, 1 + n % 3,
       (ARRAY['kettle', 'lamp', 'chair', 'towel', 'vase', 'rug', 'clock', 'shelf'])[1 + (n * 5 + n / 7) % 8],
       1 + n % 4, price * (1 + n % 4), round(price * (1 + n % 4) * (0.48 + (n % 23) * 0.015), 2)
FROM (SELECT n, round((9.9 + (n * 37 % 190))::numeric, 2) AS price FROM generate_series(1, 6000) AS g(n)) AS s;

REFRESH MATERIALIZED VIEW dw.sales_by_month;
ANALYZE;
