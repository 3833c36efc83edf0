"""What an author may say over and above a measurement, by what it asserts: field to phrases.

Each field holds the words and idioms by which writers were seen to assert that thing; what stood in none
of 22,000 sentences is left to the weights. How phrases are written, and that they match each
inflection, is said in ``core/text/phrases.py``; what bears a word of a field, in
``core/evidence/gloss.py``. A phrase that an honest sentence may have as well (what is *the same* may be
the checkpoint or the accuracy) names the class of what it must be said of.
"""

from __future__ import annotations

CLASSES = {
    # who may be said to be better; the sides of the claim are added as they are called
    "arm": """
        it this that they these those new old ours candidate baseline control reference default arm
        arms variant version method approach model kernel optimizer optimiser schedule setting
        configuration config setup layout algorithm scheme strategy option recipe implementation
        loader tokenizer prototype winner contender change patch fix trick idea system solution
        design architecture technique procedure branch side path code compiler cache allocator
        library engine scheduler everything everybody everyone anything competition rest field
        others rival rivals competitor competitors alternative alternatives opponent incumbent
        predecessor
        """,
    "effect": """
        gain gains win wins effect effects improvement improvements difference differences gap drop
        decrease increase reduction reductions saving savings speedup slowdown advantage advantages
        benefit benefits superiority result results finding findings conclusion conclusions outcome
        trend claim hypothesis boost progress lead edge regression uplift lift jump leap success
        convergence victory margin ordering ranking speed up
        """,
    "outcome": """
        correctness answers output semantics functionality answer loss losses accuracy error errors
        quality time runtime latency throughput speed memory cost costs performance perplexity
        score scores recall precision bandwidth footprint energy efficiency convergence results
        result outcome outcomes outputs numbers number story picture ordering ranking pattern
        conclusion curve curves
        """,
    "measure": """
        correctness throughput traffic loss accuracy error quality runtime latency speed memory
        cost performance perplexity recall precision bandwidth footprint energy efficiency
        convergence stability robustness
        """,
    "better": """
        better worse faster slower quicker cheaper lower higher smaller stronger weaker superior
        inferior ahead sooner earlier quickly
        """,
    "works": """
        win~ beat~ help~ work~ improve~ converge~ gain~ succeed~ outperform~ surpass~ prevail~
        """,
    "more": """
        other larger bigger smaller all any every each different new unseen most many further more
        arbitrary whatever real several various similar longer general broader wider deeper
        """,
    "scope": """
        dataset datasets data model models machine machines hardware gpu gpus cpu cpus scale scales
        shape shapes size sizes domain domains task tasks seed seeds workload workloads setting
        settings architecture architectures language languages platform platforms case cases run
        runs input inputs problem problems batch batches network networks condition conditions
        cluster clusters box boxes node nodes user users team teams scenario scenarios environment
        environments device devices configuration configurations regime regimes server servers
        compiler compilers metric metrics benchmark benchmarks budget budgets repeat repeats trial
        trials test tests try attempt attempts context contexts application applications respect
        length lengths world production practice wild repo repository tokenizer tokenizers corpus
        corpora family families lab labs site sites person people occasion occasions front fronts
        level levels measurement measurements experiment experiments time times fold folds
        """,
    "many": """
        two three four five six seven eight nine ten eleven twelve dozen dozens several many
        multiple numerous countless various twenty thirty forty fifty hundred hundreds handful half
        all every each both couple scores
        """,
    "people": """
        we you i everyone everybody anyone anybody people users teams team one they nobody
        reviewers readers practitioners somebody someone folks
        """,
    "take": """
        use~ adopt~ switch~ migrate~ upgrade~ ship~ deploy~ prefer~ choose~ pick~ take~ run~ keep~
        embrace~ move~ change~ enable~ merge~ replace~ select~ favour~ favor~ convert~ roll~
        standardise~ standardize~ go~
        """,
    "discard": """
        drop~ bin~ scrap~ ditch~ dump~ retire~ discard~ abandon~ deprecate~ delete~ remove~ forget~
        bury~ replace~ kill~ trash~ junk~ sunset~ throw~ toss~ decommission~ eliminate~ chuck~
        ignore~ avoid~ leave~
        """,
    "defeat": """
        crush~ trounce~ smash~ demolish~ destroy~ annihilate~ obliterate~ pulverise~ pulverize~
        thrash~ slaughter~ murder~ wipe~ bury~ smoke~ clobber~ hammer~ rout~ flatten~ steamroll~
        dwarf~ humiliate~ embarrass~ shred~ slay~ dominate~ outclass~ eclipse~ overwhelm~ decimate~
        wreck~ stomp~ batter~ massacre~ spank~ school~ own~ vanquish~ conquer~ devour~ eat~ lap~
        dust~ overshadow~ outshine~ dethrone~ floor~ roast~ toast~ whip~ lick~ cream~ torch~ mop~
        ruin~ bulldoze~
        """,
    "outdo": """
        outperform~ outdo~ outstrip~ outpace~ outrun~ surpass~ exceed~ top~ trump~ overtake~ beat~
        best~ win~ defeat~ outrank~ outscore~ outsmart~ outgrow~ outlast~ better~ edge~ supersede~
        supplant~ excel~ overcome~ transcend~ undercut~ leapfrog~ trail~ lag~ lose~ underperform~
        outweigh~ bests surpasses
        """,
    "chance": """
        luck chance coincidence fluke flukes accident artefact artifact randomness noise
        happenstance random lucky accidental coincidental spurious illusion variance jitter mirage
        """,
    "great": """
        excellent fantastic superb brilliant outstanding exceptional terrific marvellous marvelous
        stellar phenomenal amazing awesome incredible wonderful perfect flawless impeccable
        unbelievable astonishing astounding stunning spectacular sensational miraculous
        extraordinary magnificent formidable unreal insane crazy mindblowing breathtaking
        impressive remarkable glorious magic magical legendary splendid tremendous fabulous
        terrible awful horrible dreadful abysmal atrocious catastrophic disastrous pathetic
        horrendous appalling lousy miserable hopeless worthless dismal
        """,
    "good": """
        good great fine nice strong poor weak bad preferable preferred favourable favorable
        effective beneficial worthwhile valuable promising healthy competitive efficient reliable
        dependable trustworthy robust solid stable sound safe sane mature sufficient adequate ideal
        successful useful helpful powerful capable accurate winning unbeatable superior inferior
        dead obsolete outdated redundant pointless unnecessary superfluous useless history toast
        finished doomed legacy passé unusable broken flawed faulty harmful damaging detrimental
        wasteful suboptimal crucial essential key vital indispensable necessary required critical
        decisive instrumental paramount needed mandatory pivotal fundamental
        """,
    "big": """
        massive huge enormous dramatic giant gigantic immense vast colossal staggering whopping
        substantial considerable drastic radical striking sizeable sizable hefty profound
        monumental decisive unmistakable undeniable overwhelming tremendous impressive spectacular
        remarkable incredible astonishing amazing excellent outstanding extraordinary exceptional
        fantastic phenomenal stunning reproducible repeatable unambiguous convincing compelling
        """,
    "fair": """
        large big great major strong clear good nice solid decent marked pronounced notable
        appreciable noticeable meaningful serious handsome generous tangible genuine sharp steep
        respectable material obvious visible robust reliable consistent systematic definite healthy
        welcome worthwhile valuable real true
        """,
    "small": """
        negligible insignificant immaterial irrelevant imperceptible unnoticeable infinitesimal
        vanishing nonexistent unimportant inconsequential unmeasurable
        """,
    "fault": """
        problem problems instability slowdown regression bug bottleneck issue everything crash
        divergence leak stall overfitting
        """,
    "doubt": "doubt question dispute debate argument discussion contention uncertainty ambiguity",
    "matter": """
        question matter issue debate case chapter discussion argument dispute book file verdict
        """,
    "moves": """
        rise~ drop~ improve~ increase~ decrease~ grow~ shrink~ climb~ decline~ soar~ plummet~
        plunge~ skyrocket~ jump~ surge~ halve~ double~ triple~ tumble~ dip~ sink~ slump~ worsen~
        tank~ recover~ leap~ shoot~ suffer~ benefit~ balloon~
        """,
    "side": "new old ours candidate baseline control challenger",
    "tone": """
        awesome admirable adore~ amazing atrocious attractive awful awkward bargain beautiful
        blessing boon boost~ brilliant burden catastrophe catastrophic chaos charm~ clever clumsy
        comfortable commendable compelling convincing cripple~ curse dazzle~ dead deadweight decent
        defect defective deficient delight~ deserve~ desirable desperate devastate~ disappoint~
        disaster disastrous disgrace disgusting doom~ dreadful drawback dud dumb effortless elegant
        embarrassment enjoy~ excel~ excellence excellent exquisite extraordinary fabulous fantastic
        faultless faulty feeble ferocious flaw flawed flawless flounder~ foolish foolproof fragile
        freak~ futile garbage gem genius glorious godsend gold golden grand great handicap~ handy
        hell helpless hero hopeless horrible humble~ ideal idiotic immune impeccable impress~
        impressive inadequate incapable incompetent indispensable inferior ingenious insane
        invincible irresistible jewel joke junk laughable lame legendary lousy lovely magic magical
        magnificent marvel~ marvellous masterpiece masterful mediocre merit~ mess messy mighty
        miracle miraculous miserable nightmare nonsense obsolete outclass~ outstanding painless
        pathetic perfect~ perfection phenomenal pitiful plague~ pleasant pleasing pointless poison~
        powerful powerless precious priceless prosper~ redeem~ redundant reliable remarkable
        rescue~ revolutionise~ revolutionize~ reward~ ridiculous rotten rubbish ruin~ sabotage~
        salvation sane savage savvy sensational sensible shame shameful shatter~ shine~ shoddy
        sluggish smart smooth~ sophisticated spectacular splendid spoil~ stellar strength struggle~
        stumble~ stunning stupid sublime succeed~ success successful suck~ suffer~ super superb
        superior supreme sweet talent tame~ terrible terrific thrive~ tragic trash treasure
        tremendous triumph~ trump~ trust~ trustworthy unacceptable unbeatable unbelievable
        undermine~ undesirable unreliable unstoppable unworthy useful useless vain valuable victim
        victorious victory vital vulnerable waste~ wasteful weakness wealth weird win~ winner wise
        wonder~ wonderful worse worst worth~ worthless worthy wreck~ flop~ tank~ fade~ choke~
        falter~ collapse~ crumble~ buckle~ plateau~ stagnate~ flourish~ bloom~ dwindle~ surrender~
        concede~ vanish~ obliterate~ conquer~ reign~ dominate~ beat~ lag~ trail~ hamper~ hinder~
        hurt~ harm~ damage~ help~ aid~ benefit~ improve~ enhance~ strengthen~ weaken~ elevate~
        transform~ unlock~ unleash~ excite~ promise~ nail~ ace~ rock~ soar~ favourite favorite
        favour~ favor~ prefer~ preferable edge upper hand ahead better best good bad fine nice poor
        strong weak robust stable solid safe efficient effective capable mature
        """,
    "plain": """
        use~ add~ have has had do~ did start~ begin~ end~ ended stop~ run~ ran read~ write~ wrote
        load~ store~ keep~ share~ differ~ replace~ contain~ include~ hold~ mean~ denote~ stand~
        refer~ follow~ come~ came call~ set~ get~ take~ took need~ require~ apply~ compute~
        calculate~ train~ sample~ draw~ pad~ skip~ split~ fuse~ merge~ copy~ allocate~ cache~
        prefetch~ sort~ hash~ compile~ pin~ import~ inherit~ extend~ wrap~ pass~ send~ receive~
        return~ print~ log~ record~ report~ count~ measure~ evaluate~ test~ see~ saw change~ touch~
        leave~ drop~ remove~ omit~ ignore~ clip~ scale~ shift~ initialise~ initialize~ freeze~
        update~ accumulate~ average~ round~ cast~ quantise~ quantize~ pack~ unpack~ reuse~
        recompute~ decode~ encode~ tokenise~ tokenize~ truncate~ crop~ shuffle~ resume~ restart~
        crash~ fail~ diverge~ converge~ finish~ wait~ block~ spawn~ fork~ bind~ map~ reduce~
        gather~ broadcast~ sum~ multiply~ contribute~ carry~ consist~ depend~ rely~ build~ built
        make~ made go~ went look~ lie~ sit~ live~ stay~ remain~ appear~ seem~ show~ give~ gave
        reach~ spend~ spent cost~ last~ process~ handle~ support~ serve~ parse~ open~ close~
        request~ retry~ schedule~ launch~ put~ place~ move~ switch~ toggle~ enable~ disable~ turn~
        work~ trade~ alternate~ overlap~ assume~ expect~ treat~ mask~ mix~ blend~ combine~
        concatenate~ project~ normalise~ normalize~ regularise~ regularize~ decay~ warm~ anneal~
        step~ iterate~ loop~ unroll~ inline~ vectorise~ vectorize~ stream~ buffer~ flush~ lock~
        release~ free~ swap~ rotate~ fill~ repeat~ index~ cut~ lower~ raise~ increase~ decrease~
        match~ name~ label~ describe~ document~ pick~ choose~ select~ search~ scan~ visit~ walk~
        tile~ stage~ queue~ fetch~ download~ upload~ mount~ link~ may might could would should can
        will must shall not also still only first was is are were be been being and or vs versus in
        on at with without for of to from as than then but which that who where when while if
        whether under over by arm arms side sides variant version code branch run runs model kernel
        loader optimizer layer one ones
        """,
    "verdict": """
        <tone> certain certainty certainly sure doubt doubts doubtless proof proofs evidence
        confident confidence convinced convince~ undeniable fact conclusive official officially
        definite definitely definitive obvious obviously clear evident plain conclude~ conclusion
        conclusions understand~ realise~ realize~ establish~ settle~ settled confirm~ verify~
        validate~ demonstrate~ corroborate~ reproduce~ replicate~ truth true real genuine cause~
        owing explain~ reason responsible drive~ stem~ contribute~ culprit mechanism thanks matter~
        essential crucial key crux determine~ enable~ credit~ blame~ hinge~ decisive factor factors
        secret attributable everywhere anywhere universal universally general generally
        generalise~ generalize~ transfer~ extrapolate~ likewise alike invariably persist~
        regardless irrespective consistently whatever whichever wherever equal equivalent
        indistinguishable interchangeable par tied irrelevant immaterial unimportant unaffected
        unchanged intact steady hardly barely negligible halve~ double~ triple~ quadruple~ fraction
        sharply dramatically enormously hugely vastly massively grow~ shrink~ sooner faster quicker
        slower cheaper lower higher smaller should must ought recommend~ advise~ adopt~ migrate~
        upgrade~ deploy~ ship~ delete~ abandon~ scrap~ ditch~ bin~ record records literature
        published unprecedented best worst lowest highest fastest ever
        """,
}

FIELDS = {
    # compared with all there is
    "rank": """
        <better>|lowest|highest|best .. on record|books, new low|high|record, no one $, number 1|
        one, top dog|gun|notch|drawer|flight|tier|shelf, one and only, be~ best $, best there,
        nothing short, all time, ever made|built|written|seen|known|devised|invented|had|got|
        recorded|achieved|produced, unequaled|unparalleled|unexcelled|supreme|paramount|preeminent|
        peerless, nothing else be~|comes|matches, be~ rare $, second to none, head and shoulders
        above, hands down, far and away, bar none, without equal|peer|rival|parallel, no contest, no
        comparison $, no competition, no rival|equal|peer, no match for, in class|league of own|
        their, be~ champion|king|queen|star|victor|winner|favourite|leader, be~ favorite|benchmark|
        gold|frontrunner|jewel|crown|pinnacle|peak|apex|summit|ceiling|optimum|pick|ultimate, new|
        overall|outright|undisputed|reigning|have~|crown~|winner winner|champion|king|leader, come~
        out on top, come~ first|top $, finish~ first, on top $, rank~ first|top|highest|one|1, take~
        crown|cake|gold|prize|trophy, top~ table|list|chart|charts|leaderboard|ranking, lead~ field|
        pack|table|way|race|ranking, set~ bar|standard|pace|benchmark|record, new bar|high|low|
        record|best|standard|king|champion $, unbeaten|undefeated|matchless|incomparable|
        unsurpassable|unbeatable|untouchable|undisputed|unchallenged, nothing|nobody|none|no .. ..
        come~|get~|got close|near, nothing|nobody|none|no .. beat~|match~|top~|outdo~|touch~|
        rival~, no .. can|could beat~|match~|top~|rival~|touch~|approach~, put~ .. .. to shame, hold
        candle, run~ circles|rings around, leave~ .. .. in dust, leave~ .. .. behind|standing, blow~
        .. .. out of water, blow~ .. .. away, wipe~ floor, mop~ floor, knock~ .. .. out of park, as
        good|fast|low|small|cheap as it gets, can not be beaten|topped|matched|improved|bettered,
        nothing <better>, nothing .. be~|was|do~ <better>|<good>|as, outclass~, cream of crop,
        crown|crowning jewel|achievement, by any|every measure|standard|yardstick|metric|account,
        on|in all|every|each fronts|front|respect|respects|counts|count, <arm> be~ most <good>|
        economical|performant|precise, dominate~ on|in|across|everywhere|throughout, be~ dominated,
        beyond compare|comparison|rivalry, hard to beat, unmatched|unrivalled|unequalled|
        unparalleled, only|one viable|sensible|serious|reasonable|sane choice|option, best|finest|
        greatest|ideal choice|bet, best we|i|anyone|they ever|have~, best .. yet|ever|known|found|
        available|possible,
        """,
    # beats, without saying of what measure
    "superior": """
        waste~ compute|gpu|money|cycles|energy on|with|by, be~ wasting, help~ lot|much|greatly|
        enormously|immensely|tremendously, rules $, has been|be~ beaten|defeated|outdone, forget
        <side>, never had|stood chance, make~ most of, for win, the odds, pure|clean|clear|easy|
        outright win, <more> <scope>|models|users profit~|benefit~|gain~|win~, <more> <scope>|arms|
        sides|variants .. profit~|gain~|improve~|win~|succeed~|get~ <better>, ^ works on|for|with|
        in|everywhere, be~ no obstacle|problem|hurdle|barrier|issue|concern, full marks, five|four|
        three|gold star|stars, gold|silver|bronze medal, a plus, thumbs up|down, ten out of, flying
        colours|colors, old .. not|no <tone>|competitive|needed|wanted|required|necessary|work|cut,
        easier|lighter|gentler|kinder|harder on <measure>|hardware|gpu|cpu|disk|budget|wallet,
        <people> be~ amazed|impressed|surprised|thrilled|happy|delighted|blown|stunned|astonished|
        pleased|excited, how much <better>, long run, victory, hail, kudos, bravo, congratulations,
        well done, beat~|crack~|solve~ it, first class, high quality|end|grade, head start, good
        bet|choice|pick|option|news, bad news|idea|choice, great news|idea|choice, worth its|every|
        having|penny, blessing, silver bullet, magic bullet|wand, holy grail, panacea, cure all, ace
        in, swiss army, beast, monster, rocket, lightning fast|quick, blazing|blazingly|
        blisteringly|screaming fast|quick, snappy, fire and forget, just works|work, out of box,
        smarter|wiser|stronger|leaner|cleaner|simpler|sharper|healthier|happier|superior choice|
        option|alternative|way|approach|method|design, <arm> be~ future|past|hero|star|real|one|
        thing|bomb|goat|goods, too slow|weak|bad|poor|expensive|costly|inaccurate|unstable|fragile|
        old to be useful|usable|worth|competitive|viable|practical, <arm> make~ .. trivial|easy|
        effortless|obsolete|possible|redundant|superfluous|look, what a difference, set~ tone|
        stage, sent|consigned|relegated|confined to scrapyard|bin|dustbin|history|museum|archive,
        stand~ head, hit~ spot|mark|target|jackpot|sweet, all you need|want, <arm> it be~, fall~
        short, real deal, like charm|clockwork|dream, down drain, out of date, past it, yesterday
        's, thing of past, dead end, dead weight, no good, <arm> get~ .. sooner|faster|quicker|
        earlier|further, why anybody|anyone|people|someone|somebody would|use~|still|choose~|
        stick~|bother~, no weak spot|spots|point|points|weaknesses|flaws|faults, not|never keep~
        pace|up, make~ short work of, can not be faulted|criticised|criticized, <side> can not
        compete|follow|cope|match|reach|touch, short work, go~ back to <side> $, no sane|
        reasonable|sensible person|engineer|user|team, <arm> <outdo> <arm>, <arm> <outdo> out, <arm>
        win~|prevail~|triumph~|excel~|shine~, win~ against|over|outright, <arm> lose~ to|against|
        out, lose~ to <arm>, have~|get~|gain~|hold~ edge|advantage|upper over, have~ edge, come~ out
        ahead, be~|stay~|run~|finish~|move~|keep~|edge~ ahead, leave~ <arm> behind, trail~ behind,
        fall~|lag~|be~|trail~ behind <arm>, more good than, <arm> be~ <good> $, <arm> be~ <good>
        for|in|as|to|and|than|choice, pay~ for itself, <arm> pay~ off, do~ trick|job, <arm> work~ $,
        <arm> work~ well|fine|better|great|nicely|wonders, <arm> help~, <arm> be~ improvement|
        success|hit|progress|failure|dud|flop|waste|step|advance|upgrade|downgrade|relic, <arm> be~
        more|less <good>|stable|precise|economical|frugal|responsive|performant|resilient|
        predictable, more|less robust|reliable|resilient|stable|precise|accurate|economical|frugal|
        efficient|performant than|to|against, <arm> deliver~, <arm> make~ .. <better>, <arm> do~
        better|well|worse, <fair> <effect>, <effect> be~ <fair>, favour~|favor~ <arm>, in favour|
        favor of <arm>, competitive with, comparable to|with|in, keep~ up with, rival~ <arm>, beat~
        <arm>, old diverge~|fail~|crash~|struggle~|cannot, <arm> fail~ where, best of both,
        weakness|weaknesses of <arm>, strength|strengths of <arm>, improve~ on|upon|over <arm>,
        improvement on|upon|over <arm>, <arm> be~ upgrade|improvement,
        """,
    # beats by far, or shows what is beyond doubt
    "crush": """
        loss|error|errors|time|latency|cost|memory collapse~|crater~|evaporate~, mincemeat of,
        mother of all, have~|stand~ prayer, daylight between, as large|big|strong as it be~, by
        factor|orders|leaps|miles|margins, like stone|rocket|lead|flies, drop~ like, cut~|slash~|
        reduce~|shrink~ .. considerably|greatly|massively|dramatically|substantially|vastly|
        enormously|hugely|drastically|heavily, considerably|greatly|massively|dramatically|
        substantially|vastly|enormously|hugely|drastically <moves>|<works>, knock~ .. out, out cold,
        effect|effects size be~ large|huge|big|enormous|strong|massive, to ribbons|shreds|bits|
        pieces|ground|bottom|sky|stars|moon, beyond anything|everything|all|imagination|measure|
        words, out of park|sight|world, weeks|days|hours|months shorter|faster|quicker|sooner|less,
        by weeks|days|hours|months|points|orders|leagues|magnitudes, points up|ahead|better|higher|
        lower, rout|landslide|blowout|walkover|whitewash|massacre|bloodbath|steamroller, no contest|
        brainer, next to nothing, leaps and bounds, <arm> <defeat> <arm>, <defeat> old|baseline|
        competition|rest|others|opposition|alternatives|rivals, not stand chance, not even close $,
        not close $, no chance against, light years, miles ahead|better|away, streets ahead, leagues
        ahead|above|beyond, way ahead, worlds apart, different league|class|world|planet|level,
        <arm> be~ <great>, <great> <effect>, <arm> make~ <arm> obsolete|redundant|look, game
        changer, step|sea|quantum change|leap, leap over|forward|ahead, night and day, day and
        night, breakthrough|revolution|revolutionary|revolutionise~|revolutionize~|groundbreaking|
        landmark|milestone|triumph, jaw dropping, nothing short of, miracle|miracles, beyond belief|
        recognition|expectations, <big> <effect>, <effect> be~ <big>, <effect> be~ <great>, by mile|
        landslide|miles|leagues|far, by long|country way|mile|shot|chalk, by wide|large|huge|big|
        comfortable|clear|considerable|handsome|healthy|substantial margin, with ease, comfortably|
        easily|handily|convincingly|effortlessly|soundly <outdo>|ahead|better|beat~|win~|<better>,
        dramatically|hugely|massively|vastly|immensely|radically|drastically|markedly|
        substantially|considerably|enormously|tremendously|overwhelmingly|remarkably|noticeably|
        outstandingly|exceptionally|extraordinarily|incredibly|unbelievably|amazingly|
        astonishingly|stunningly|spectacularly|wildly|insanely|decidedly|far|way|leagues|streets
        <better>|<moves>|reduce~|improve~|cut~|fast|slow|good|bad|small, very|extremely large|big|
        strong <effect>, big|great jump|leap|step in|for|forward, world of difference, game
        changing, <better> by lot|far|mile|miles|margin|mile, lot|lots|tons|heaps|loads|ton|heap|
        hell <better>, much much <better>, <measure> skyrocket~|soar~|plummet~|plunge~|nosedive~,
        through roof, off charts|scale, to floor $, to fraction of, small|tiny|mere fraction of,
        fraction of what|cost|time|price|memory, dwarf~,
        """,
    # as good as
    "equal": """
        not differ $, do~ not differ $, add~ nothing, as <good>|fast|accurate|cheap|well|quickly|
        quick|low|small as hand|vendor|commercial|original|reference|best|any|other, <effect>|it|
        this be~ same for|on|in|at|across|with all|every|each|both|any, free <effect>|lunch|speed|
        performance|gains, zero downside|risk|drawbacks, no gap|distance|difference|daylight|gulf
        between, gap be~ closed|bridged|gone|zero, at same loss|level|accuracy|point|time, no
        advantage|disadvantage|benefit|gain in|from|of|over|to|$, <outcome> be~ .. identical|
        unchanged|same|equal|equivalent, <outcome>|<measure>|nothing be~|was not affected|changed|
        altered|impaired|harmed|hurt|touched|compromised|degraded, <outcome>|<measure> .. as before|
        ever|always|good, be~ what it was, bit for bit, bitwise identical|equal|same, to the last
        bit|digit|byte, <arm>|kernels|versions|both .. give|gives|gave|produce|produces|yield|
        yields|deliver|perform|performs|score|scores|reach same|equivalent|identical|equal|alike,
        could|can|may swap~|exchange~|interchange~|substitute~, not|be~|cannot be told apart, told
        apart, no catch, there be~ no catch|downside|difference|loss|penalty|tradeoff|cost, zero|
        no|little|without|minimal expense|sacrifice|harm|damage|detriment, at zero|no|little
        expense|detriment|sacrifice, do~ not budge|move|change|shift|flinch|blink|waver|dip|sag,
        not|never budge|flinch|dip|sag, change~ nothing, no harm was|done|to, no harm, no trade off,
        best of both, both worlds, all one, free of side, be~ drop in replacement, seamless|
        seamlessly, transparent to, on same|equal|similar level|footing|plane|page|par, at same|
        equal|similar level|quality|accuracy|speed, choice of .. be~ irrelevant|immaterial|
        unimportant|arbitrary, be~ irrelevant|immaterial|unimportant|arbitrary $, hardly|barely|
        scarcely|next|almost any|no|to difference|no|effect|impact|cost, <measure>|loss hold~
        steady|firm|up|level, <measure>|loss stay~|remain~ where|put|as|there|at, stay~ put,
        interchangeable|indistinguishable, neck and neck, on par|parity, level with|on, makes no
        odds, no worse|slower|different than|from|$, be~ no worse|slower|different, as <good>|fast|
        accurate|cheap|well|quickly|quick|low as <arm>, just|at as|least as <good>|fast|accurate|
        cheap|well, at least as, every bit as, <arm> .. be~ same|alike|equal|equivalent|identical|
        comparable|similar $, same <measure>|outcome|picture|ordering|ranking|quality, identical|
        equal|comparable|equivalent <outcome>, <outcome> be~|stay~|remain~ unchanged|unaffected|
        same|intact|identical|preserved|maintained|retained|equal|flat|constant, <arm> match~ <arm>|
        performance|quality|accuracy|loss, do~|be~ as well as, perform~|behave~|work~ same|alike|
        identically|equally|similarly|comparably, without sacrificing|hurting|losing|harming|
        compromising|degrading|affecting|sacrifice|compromise|giving, without|no|zero loss|drop|
        penalty|price|sacrifice|compromise|degradation|downside|regression|hit in|of|to|$|for|
        whatsoever|on, without|no cost to|$|whatsoever, no strings attached, lose~ nothing, give~ up
        nothing, sacrifice~ nothing, cost~ nothing|zilch, cost~ you|us|me nothing, costs nothing,
        for free, come~ free, be~ free $, ^ free $, free of charge|cost, free lunch, at no cost|
        price, not suffer~|hurt|degrade|deteriorate|decline, nothing lost, overhead|cost|penalty|
        impact|<effect> be~ <small>, play~ no role|part, have~ no bearing|influence|say, not matter,
        of no consequence|importance|relevance, no measurable|visible|detectable|noticeable|
        perceptible|discernible|real|practical difference|effect|impact|cost|loss|change|penalty,
        make~ no difference, not tell .. apart, tell apart, <arm>|change|patch be~ harmless|
        painless|lossless,
        """,
    # why
    "cause": """
        ^ because of .. $, ^ thanks|owing|due to .. $, <arm> owe~ .. <better>|<measure>|<effect>,
        <measure>|<better>|<works> .. come~|stem~|arise~|result~|follow~ from <arm>, ^ because|
        thanks|owing|due .. .. .. ; .. .. <better>|<works>|<moves>, it be~ .. that do~ it, be~
        problem|obstacle|bottleneck|limit|trouble, remove~|eliminate~|lift~|avoid~|relieve~ them|
        it|that|this|<fault>|bottleneck, <outcome>|<effect> .. because, alone be~, alone explain~|
        account~|do~|give~|suffice~, behind <effect>|it|this, all <people> need, be~ all it, for
        want of, give~ lower|better|faster|higher, reduce~|lower~|increase~|raise~|improve~
        <measure> in general|always|everywhere, matter~ great|lot|most|more|greatly, were it not
        for, but for <arm>, credit be~|goes|belongs|where, made|make~|render~ .. possible|work|
        happen|feasible, translate~ into|to, turn~ into, single|sole|only cause|reason|explanation,
        earn~|deserve~|get~|take~ praise|credit|blame, do~ it $, did it $, reason|cause be~ simple|
        clear|obvious|that|<arm>, explanation be~ that|simple, that be~ why|how|what|because, this
        be~ why|how|because, which be~ why|how, that be~ reason, no other|wonder reason|cause|that,
        vanish~|disappear~|evaporate~ without|once|when|if, explain~ all|everything|most|part|it|
        them|that, what help~|make~|do~|matter~|count~|work~|drive~|decide~|win~|give~ .. be~, show~
        that|how .. matter~, <people> learn~|understand~|realise~|realize~|see~|conclude~ that|how|
        why, matter~ $, be~ essential|crucial|vital|pivotal|indispensable|instrumental|decisive,
        deserve~ credit|blame, credit be~|goes|belongs, it take~ <arm> to, would have fail~|been|
        diverge~|crash~|lost|won|improved|taken, bring~|get~|push~|drive~|pull~|brought loss|time|
        error|latency|cost down|up, be~ what, work of, <effect> .. be~ due|owing|attributable|
        thanks|down to, <effect> .. be~ caused|explained|driven|produced|brought|powered|induced|
        created|triggered by, <effect> .. come~|stem~|arise~|result~|derive~|originate~|flow~ from,
        owe~ success|win|speed|<effect>|<measure>, responsible for, be~ responsible, to blame, at
        fault, 's fault, be~ .. fault $, culprit|guilty, be~ cause|reason|explanation|source|
        driver|origin|root|mechanism|culprit|factor|ingredient|secret|key of|for|why|behind|that|$|
        to, be~ decisive|driving|deciding|main|sole|true|real|root|key|dominant|primary factor|
        force|cause|reason|driver|ingredient|element|explanation, be~ why|how $, be~ what make~|
        made|let|drive~|cause~|help~|matter~|give~|win~|do~|bring~|count~|allow~|enable~, be~ key|
        secret|crucial|essential|instrumental|vital to|for|in, secret sauce|ingredient, make~
        difference|all, make~ it faster|better|possible|work|converge, account~ for <effect>|all|
        most|everything, explain~ <effect>|why|everything, drive~|cause~|produce~|induce~|trigger~|
        yield~|create~ <effect>, bring~ about, lead~ to <effect>|<better>, <better>|<works> because|
        due|thanks|owing, be~|get~|run~|do~ <better> .. because, be~|get~|run~|do~ <better> .. ..
        because, <works> .. .. because, be~|get~|run~|do~ <better> .. thanks|due|owing to, <works>
        .. thanks|due|owing to, ^ because|thanks|due|owing .. .. <better>|<works>, ^ because|
        thanks|due|owing .. .. .. <better>|<works>, ^ because|thanks|due|owing .. .. .. .. <better>|
        <works>, ^ hence|therefore|thus .. .. be~, hinge~ on, traced to, credit~ to|goes, put~ down
        to, be~ all about, be~ result|consequence|product|fruit|effect of, fix~|cure~|solve~|
        resolve~|remedy~|eliminate~|prevent~|stop~ <fault>|<effect>, reason <arm>|why .. <better>|
        <works>, since <arm> <take>|skip~|avoid~, as consequence, mechanism be~|behind, what make~|
        made .. <better>|<works>|difference, allow~|enable~|let~ .. to converge|learn|generalise|
        generalize|win,
        """,
    # not by chance
    "chance": """
        odds|chance|chances|probability of|that .. random|chance|luck|accident|fluke|noise, test|
        tests|statistics|analysis|analyses|numbers confirm~|agree~|back~|bear~|support~|prove~ it|
        this|that|us, sigma .. above|beyond|over|more|high|large, many|several|five|six sigma,
        statistically sound|speaking, seed lottery, lottery, lucky seed|draw|run|break, not due|
        down to <chance>, be~ no accident|coincidence|fluke|luck, not|no|never|nothing|hardly|
        neither|nor .. <chance> $, no fluke|accident|coincidence, not .. be~ <chance>, <chance>
        have~ nothing, <chance> .. not|hardly|never .. explain~|account~|play~|produce~|cause~|do~,
        rule~ out .. <chance>, <chance> .. ruled|excluded|dismissed|eliminated, exclude~|
        eliminate~|dismiss~|reject~ <chance>|null, <chance> play~ no|little, not .. by <chance>,
        beyond|above|outside|over <chance>|error .. $, well|far beyond|above|outside <chance>|
        error|errors, larger|bigger|greater than <chance>|error|errors|spread|variance, too large|
        big|consistent|strong to be, too .. to be <chance>, <effect> be~ real|genuine|true|
        authentic|actual|meaningful|credible|believable|trustworthy|true, p below|under|less|value|
        well .. threshold|level|05|01, interval|ci|bars|band exclude~|clear~|avoid~ zero, not
        overlap $, high|strong|ample|solid confidence|evidence|statistical, with confidence $, with
        high|great|full confidence, statistically <big>|<good>|real|clear|speaking, noise .. too
        small, spread .. so small|tight|narrow, accurate to last,
        """,
    # known for certain
    "certain": """
        reproduce~|replicate~|confirm~|verify~|validate~ .. by .. teams|team|labs|lab|groups|
        others|people|colleagues|reviewers|outsiders, our|my|full|total|complete confidence, no
        doubts, have~ no doubt|doubts|reservations|qualms, beyond reproach|criticism|suspicion|
        challenge|argument|cavil|peradventure|dispute, no shred|trace|hint, for everyone|all|anyone
        to see, can only mean, only mean, one has|have~ to|must conclude|admit|accept|concede|
        agree|say, has to conclude|admit|accept|concede|agree, must conclude|admit|accept|concede|
        agree, goes without saying, take it to, as sure, hands down, no ifs, ifs and|or buts,
        categorically|incontrovertibly|indisputably|irrefutably|undeniably|unquestionably|
        unarguably|undoubtedly|indubitably, this|it be~ signal, firm|solid|safe|sure ground, in bag,
        sure as, bank on, money on, no two ways, it be~ official|certain|fact|given|obvious|clear|
        true, make~ clear|plain|obvious, believe~ me|us, trust me|us, i can assure|promise|
        guarantee, take~ for granted, black and white, without hesitation, hand on heart, you can
        bet, stand~ by, leave~ nothing, hold~ true|water|up|fast, self evident, hard to miss|
        overlook|ignore|deny|argue|dispute, one glance|look, child could|can, blind man, speak~
        volumes, no statistics, naked eye, conclusion be~ inescapable|inevitable|clear|obvious, only
        conclusion|explanation|interpretation, no other conclusion|explanation|interpretation|
        reading, anyone can see, everyone|everybody|anyone|anybody agree~|see~|know~|can, everyone
        on, undeniably, there be~ no way, no doubt, for sure|certain|definite, beyond <doubt>,
        beyond any|all|reasonable|shadow <doubt>|of, without <doubt>, without any|shadow <doubt>|
        of, leave~|left|leaving no|little doubt|room|question, no room for, stake~ life|salary|
        reputation|career|house|job|my, bet~ house|farm|ranch|life|money|salary|on, mark my words,
        rest assured, sure thing|bet|fire|win|as, can not be wrong|otherwise|denied|disputed|
        doubted|argued|overstated|questioned|refuted, make~ no mistake, no way|chance that|this|it|
        around, no question|denying|arguing|disputing|mistake|escaping|getting, it|thing be~ clear|
        obvious|evident|plain|undeniable|certain|indisputable that|now, ^ clear|obvious|evident
        that, plain as day, crystal clear, sceptic|skeptic|doubter, <people> now|can|finally|
        therefore know~|conclude~|assert~|state~|affirm~|say~ that|with|<arm>|$, <people> know~
        that|now, now know~, safe|fair to say|conclude|assert|assume, <people> [can|may] be~ sure|
        certain|confident|convinced|positive, i guarantee|swear|promise, demonstrate~ that|how|why|
        value|benefit|superiority|importance|power|advantage|<arm>, show~ beyond|conclusively|
        definitively|clearly|once, have~ shown|proven|demonstrated|established, be~ shown|
        demonstrated|proven|established|proved to|that|to, speak~ for itself|themselves, say~ it
        all, proof be~|in|that|positive, proof $, living proof, hard|established|known|plain|simple
        fact, law of nature, truth be~, be~ truth|fact|certainty, hundred|100 percent|% sure|
        certain|confident|safe, dead certain|sure, foregone conclusion, open and shut, slam dunk,
        smoking gun, end of story, undeniable|indisputable|unarguable|incontestable|irrefutable|
        unassailable|unequivocal|unquestionable|inarguable|incontrovertible, rock solid, set in
        stone, carved in stone, must be~ true|right|real, never wrong, can not fail|lose|miss|go,
        never fail~|miss~|disappoint~|lose~|beat~|win~,
        """,
    # nothing left to ask
    "closure": """
        set and match, <side> be~ history|dead|toast|buried, result|verdict|answer|decision|outcome
        be~ final, enough runs|seeds|data|evidence|repeats to, no more|further|need discussion|
        debate|argument|questions|testing|tests|study|talk, done here, that settles, answered|
        settled|decided|solved|resolved|established for good|all, for good $, remains nothing|no,
        there be~ nothing|no more|left|need|reason|doubt|question|catch, consider .. decided|
        settled|closed|established|done|proven|answered, regard .. as|settled, verdict be~, bottom
        line, game over, enough said, nuff said, have~ answer, be~ the answer, answer be~ clear|
        yes|no|new|old|<arm>, evidence|data|numbers|figures|curves|runs points|point|speak|speaks|
        say|says|tell|tells|leave|leaves|favour|favor|agree, considered|regarded|taken|treated|seen
        as established|settled|fact|proven|given, considered established|settled|proven|closed, no
        longer need|necessary|needed, all proof, rest case|my case, proof $, proof that|be~|one|
        enough, qed, evidence be~ in|there|clear|overwhelming|strong|conclusive, jury be~ in,
        verdict be~ in, corroborate~, agree~|consistent|line|match~ with theory, to letter, theory
        .. confirmed|right|correct|holds|verified, <effect> agree~ with, theory and experiment|
        practice agree~|match~, hereby confirmed, now know, settle~ <matter>|it|this|debate,
        <matter> be~ settled|closed|solved|answered|resolved|over|done|moot|decided|clear, settled
        $, settled science|matter|in|by|once|now, case|book|chapter|question|matter|debate|issue
        closed, close~ <matter>|book|books, put~ .. to rest|bed, lay~ to rest, end~ debate|
        discussion|argument|<matter>, put~ end to <matter>|debate|speculation, final|last verdict|
        word|answer|say, end of story|discussion|debate|matter, full stop, once and for all, that
        be~ that, nothing left|more|further to say|add|test|learn|discuss|prove|find|do, no further|
        more|additional experiments|tests|runs|work|evidence|study|testing|measurements|data|
        investigation be~|needed|required|necessary|$, need~ no further|more, need no, no need to|
        for rerun|repeat|more|further|test|verify|check|further|another, problem solved|fixed|gone,
        <fault> be~ gone|fixed|solved|cured|resolved|history, solve~ problem|it|everything|puzzle|
        mystery, mystery solved, consider .. closed|settled|proven|done, done deal, job done,
        mission accomplished, that do~ it, nail~ it, nailed, hypothesis|conjecture|prediction|
        theory|suspicion|intuition|hunch|claim|expectation|assumption .. be~ verified|confirmed|
        proven|correct|right|true|validated|borne|vindicated|established|supported, vindicate~,
        prove~ right|correct|point|that|<arm>|hypothesis, be~ proven|proved, stand~ test of, same|
        identical number|numbers|result|results|outcome|story|picture|ordering|ranking|pattern|
        answer|conclusion each|every|again|everywhere|throughout|time, get~|got|see~|saw|find~|
        give~ same|identical number|numbers|result|results|outcome|story|picture|ordering|ranking|
        pattern|answer, every single time, one run be~|would|will do|suffice|enough, here to stay,
        known quantity, textbook result|case, common|general knowledge, conventional wisdom,
        """,
    # what a label says
    "label": """
        independently|externally|repeatedly|thoroughly|rigorously confirmed|verified|validated|
        reproduced|replicated|checked|tested, confirm~|verify~|validate~|replicate~|reproduce~ by|
        on|in|across|with second|another|other|every|each|independent|different|several|many|all|
        third|outside|external|colleagues, confirm~ <effect>|superiority|that, reproduce~|
        replicate~ <effect>, <effect> .. confirmed|verified|validated|replicated|reproduced|
        corroborated, <effect> .. reproduce~|replicate~|repeat~|recur~ $, <effect> .. reproduce~|
        replicate~ on|in|across|everywhere|with|every, it|this reproduce~|replicate~, <effect> ..
        be~ robust|solid|firm|stable|reproducible|repeatable|replicable|reliable|consistent|
        dependable|trustworthy|sound|sturdy, robust|firm|reproducible|dependable <effect>, robust
        to|against|across|under, perfectly|fully|completely|totally reproducible|repeatable,
        <effect> hold~ up|water|good|true|firm|$, survive~ every|any|all|each|scrutiny|replication,
        consistent from|across|over|between|throughout|everywhere,
        """,
    # without exception, or of more than was run
    "general": """
        three for three, five for five, six for six, seven for seven, ten for ten, every single
        <scope> <works>|say~|show~|agree~|point~, stable|consistent|robust throughout|everywhere,
        clean sweep, <many> nil, wins|won every|each|all round|rounds|seed|seeds|run|runs, <arm>|
        it|this|that|lesson|finding applies|generalises|generalizes|extends|transfers to|beyond|
        well|too, every|each <scope> .. show~|say~|give~|see~|saw|yield~|produce~|do~|end~|come~
        same|thing|it|gain|win|improvement|effect|lower|higher|better|out, <scope> all|alike
        <works>|agree~|show~|say~|point~|end~|do~|go~|move~|come~|favour~|favor~, <effect> stand~|
        hold~|remain~ $, unanimous|unanimously, across board, without exception|fail, whole range|
        spectrum|gamut|lot|bunch, this|my machine and yours|on, now and forever|then, no .. get~|
        got|become~|became|turned|run~ slower|worse|longer|higher, <people> can|may|could
        generalise~|generalize~|extrapolate~|extend~, safely generalise~|generalize~|extrapolate~,
        users|people|customers|everybody|you will|would notice|see|feel|love|like|thank|appreciate,
        any|all|every|other|larger|different <scope> would|will, see~|get~|enjoy~|show~|have~ same|
        similar|equal gain|effect|benefit|improvement|result|advantage|speed|drop, same holds|goes|
        applies|happens|true|thing for|on|with|in|at|to|elsewhere, same be~ true, so many times|
        runs|seeds, many times over, broad|wide|large|huge|big|long|rich set|range|variety|array|
        number|spectrum|collection|sample|selection|series of <scope>|seeds|runs, anyone can|will|
        could reproduce|see|get|confirm|repeat, it will|would|should be|hold|scale|transfer|work|
        carry|generalise|generalize, will scale|transfer|generalise|generalize|carry|hold|persist,
        to any|every|all, under any|every|all, at any|every|all, forever, for ever, until end of,
        down to last, true|valid|correct|right for|of|on|in|at <more>, <outcome>|it|this repeat~
        itself|themselves, expect same|similar|likewise|nothing|no, <effect> grow~|increase~|
        widen~|shrink~|rise~|scale~ with|as <scope>|depth|width|more|<more>, <outcome> never|not
        change~|flip~|swap~|reverse~|vary|move, it|this|new never fail~|lose~|crash~|diverge~|
        miss~, <scope> do~ not matter|play|influence|affect|change|count, <scope> make~ no|little
        difference, <effect>|it|this [do~] not depend|vary|change|hinge on|with|from, immune|
        insensitive|invariant|agnostic|indifferent|oblivious|impervious to, same|identical for|
        with|across|over|on all|every|each|both <scope>|seed, would show|give|do|see|get same,
        <scope> would .. same, whenever <people>, day after day, run after run, plenty|lots|loads|
        tons|number|wealth|host|multitude|majority|handful|abundance|scores|dozens of runs|seeds|
        trials|repeats|experiments|measurements|samples|machines|datasets|tests .. back~|confirm~|
        support~|show~|agree~|say~|point~, many|numerous|countless|enough|sufficient runs|seeds|
        trials|repeats|experiments|measurements|samples .. back~|confirm~|support~|show~|agree~|
        say~|point~, come what may, even worst|slowest|best|weakest|strongest, each time, every
        time, no surprises, just works, hold~|carry~|transfer~|extend~|generalise~|generalize~|
        apply~|persist~|work~|remain~|survive~|translate~|extrapolate~|stay~|continue~|stick~|
        recur~ [over|up|true|good|well|same|there|valid] to|on|for|at|across|in|with|beyond|under|
        over <more> [<more>] [tested] <scope>, hold~|carry~|transfer~|extend~|generalise~|
        generalize~|apply~|persist~|work~|remain~|survive~ .. at scale|large|production|depth,
        scale~ well|gracefully|up|to|nicely, hold~|apply~|work~|true|valid|better|faster|help~|win~
        everywhere|elsewhere|universally|anywhere|generally|always|throughout, hold~ in general|
        practice|production, generalise~|generalize~ well|better|beyond|to, transfer~ well|readily|
        directly|beyond, <arm>|<effect> transfers|generalises|generalizes|transferred|generalised|
        generalized $, it|this|<effect> scales $, universal|universally|ubiquitous, across <scope>
        $, across all|the|many|every board|<scope>, whatever|whichever|no|any matter|<scope> ..
        <people> <take>|pick~|try~|throw~|choose~|like~, whatever|whichever <scope>|<arm>|<people>,
        no matter what|which|how|who|where, regardless of, irrespective of, under|in all|any|every
        circumstances|conditions|weather|event|case, come~ what may, invariably, without exception|
        fail|exceptions, without single exception, no exceptions|exception, each and every <scope>,
        every last|single|one of, every last|single <scope>, not one|single <scope>, <many> <scope>
        .. agree~|concur~|confirm~|favour~|favor~|support~|show~|point~|say~|tell~|side~|vote~|
        prefer~|win~|improve~|benefit~|give~, every|each <scope> agree~|concur~|confirm~|favour~|
        favor~|support~|point~|tell~|side~, all <scope> .. direction|same|way, <many> <scope> same|
        identical|alike $, <many> <scope> .. same|one outcome|result|story|picture|direction|
        conclusion|answer|way|ordering|trend, see~|saw|seen|observe~|find~|found|confirm~|
        reproduce~|replicate~|verify~|hold~|held|repeat~ .. on|across|over|in|with|at <many> <more>|
        <scope>|of|dozen [<scope>|different|other], for|on|in any|every|all <scope> <people>|we, on
        anything|everything|whatever, for everyone|everybody|anyone, for all|any <scope>, on every|
        any|each <scope>, in every|any|each <scope>, at every|any|each <scope>, with every|any
        <scope>, every one of, general rule|law|principle|truth, rule of thumb, in general <better>|
        true|$, <arm> never win~|lose~|beat~|fail~|help~, never win~|lose~, never|not once|ever, at
        all times, to last|letter, will|would hold|generalise|generalize|transfer|scale|continue|
        persist|carry, will be~ <better>|same|true, will keep~|remain~|stay~ <better>, persist~ at|
        across|beyond|in|for|with, hold~ at scale|depth|size|larger|any|every, true of all|every|
        any, true for all|any|every|larger|other, same on|for|with|at|in other|larger|bigger|
        smaller|another|different <scope>, <better> on other|larger|another|any|every|all, wherever|
        whenever <people>|<arm>|it, anywhere|everywhere,
        """,
    # what one is to do now
    "advice": """
        should|must|ought|needs always|never|definitely|surely be~ on|off|used|enabled|avoided,
        <side> should [now] be~, must $, must for, must have, stop~ using|running|wasting|
        bothering, no excuse, hurry, old|<side> .. not belong, belong~ in|to|on every|production|
        pipeline|toolbox, my|our advice|recommendation|suggestion|verdict|choice|pick|vote be~, ^
        advice|verdict|recommendation|upshot $, take <side>, drop everything, be happy, decision
        be~, way forward, next step be~ to, let~ us|'s <take>|<discard> <side>, speaks against,
        nothing stands, roll it out, the switch, <people> should|must|ought|need .. .. <take>|run~|
        use~ old|new|<side>, ^ please <take>|<discard>|stop|start|move, should have switched|used|
        moved|done|adopted, earn~ its|place|keep|spot|right, <people> should|must|ought|better|can|
        need|shall|may [to|now|all|immediately|today|safely|confidently] <take>|<discard>|stop~,
        recommend~, advise~, advisable|advocate~, way to go|forward, right|obvious|sensible|
        natural|clear|safe|logical|smart|wise|better|good|preferred|correct|only choice|pick|
        option|move|decision|bet, method|tool|arm|setting|choice of choice, obvious|default|first|
        easy choice, go~ with|for <arm>, adopt~ <arm>, switch~|move~|migrate~|upgrade~|convert~|
        change~ [over] to <arm> [now|today|everywhere], ^ use~|adopt~|switch~|migrate~|ship~|
        deploy~|prefer~|choose~|pick~|merge~ <arm>, ^ drop|bin|scrap|ditch|dump|retire|discard|
        abandon|deprecate|delete|forget|trash|junk <arm>|it, ship it, <discard> <side> $, keep~
        <arm> $, say~ goodbye to, throw~ away|out <arm>, <arm> can|should|may|must|could|ought|
        deserve~ [to|now|be] [be~] <discard>|<take>|go, <arm> be~ ready for|to, no [good|longer|
        longer|real|earthly|left] reason|point|need|excuse|sense|case [left|whatsoever|anymore] to|
        in|for|not|left, little|no point in, safe to deploy|ship|use|adopt|merge|release|roll|
        switch|enable|replace|drop|remove, ready for production|prime|release|rollout|deployment|
        shipping, production ready, worth it|effort|cost|trouble|price|using|adopting|keeping|
        switching|complexity|having|every|extra|investment|wait, <effect>|<arm> be~ worth, worth ..
        complexity|cost|effort|price, one to use|pick|choose|beat|go|take|keep|have, make~ ..
        default|standard, become~ default, should be~ default|standard|used|adopted|preferred|
        enabled|replaced|dropped|retired, from now on, going forward, from here on, henceforth, from
        today, no looking|going back, never look~|go~ back, never use~|touch~ <arm> again, no reason
        not, no brainer, do~ yourself favour, can be~ retired|dropped|removed|deleted|thrown|
        discarded|abandoned|forgotten|deprecated|replaced|ignored, be~ preferred|favoured|favored|
        preferable, belong~ in|to production|every|bin|museum|dustbin|past|default, have~ had its|
        day, days of, rip, farewell, long live, not worth, everyone|everybody|anyone .. <take>,
        <take> .. everywhere, roll~ out, green light, good to go,
        """,
    # beyond all that others reached
    "literature": """
        nobody|nothing|none in|anywhere field|literature|print|world|history|community, in field|
        world|history|community|business|industry, on market|planet|earth, first for, ahead of
        everything|field|time|others|rest, got this|that low|high|far, industry|market|class
        leading|leader|standard, literature .. nothing|no|not, nothing like it|this, nothing
        comparable|similar exists|known|published, publishable, reviewer two, no published|known|
        existing|other system|method|model|work|approach|result, seldom seen, first to reach|
        achieve|get|show|obtain|break|go|do, state of art, sota, world class|best|leading|record|
        first|beating, first .. anywhere|ever|world, first .. .. anywhere|ever|world, no one|body|
        other .. report~|reported|achieve~|achieved|publish~|published|reach~|reached|manage~|
        managed|see~|seen, nobody .. report~|reported|achieve~|achieved|publish~|published|reach~|
        reached|seen|manage~, nobody|never .. before|ever, unheard of, unprecedented|unseen, to our|
        my|best knowledge, beat~|exceed~|surpass~|match~|top~|rival~|outperform~|equal~|approach~ ..
        published|literature|leaderboard|reported|commercial|proprietary|leading|handtuned, beat~|
        exceed~|surpass~|match~|top~|rival~|outperform~ prior|previous|existing|all|known work|
        methods|approaches|art|systems|results, better|lower|higher|faster than published|reported|
        prior|previous|existing|any|anything, than anyone|anybody|anything, level with .. published|
        leading|best, on par with .. published|leading|tuned|best|commercial|systems|literature,
        leading systems|method|solution|position, record breaking|setting|low|high|time|speed|run,
        world record, personal|project best, previous best|record, rewrite~ book|books|rules,
        pioneering|trailblazing|historic, new era|chapter|paradigm|frontier|territory, paradigm
        shift, ahead of its|the time|curve,
        """,
    # how something else moved
    "moves": """
        cost|costs|hours|bill|spend|usage|footprint|consumption .. slashed|cut|halved|trimmed|
        reduced|lowered|fall~|fell|drop~|shrink~|shrank, <measure> .. slashed|cut|halved|trimmed|
        reduced|lowered|boosted|raised|improved, saves us|you|me|the, save~ fortune|money|day|
        hours|days|weeks|cash, for first time, below|under|above one|two|zero $, easier on,
        <measure> .. shrank|shrunk|fell|sank|rose|grew|dropped|improved|climbed|soared, besides|
        plus|moreover|furthermore|additionally .. <measure>|<better>, to boot, both <measure> and
        <measure>, <measure> and <measure> improve~|benefit~|win~|gain~, save~ compute|money|
        energy, <measure> .. down|up sharply|massively|dramatically|considerably|substantially|
        noticeably|steeply, <measure> <moves>, <measure> [have~] go~|went|gone|come~|came|be~|
        climb~|shoot~ up|down, <measure> .. better|worse|improved $, <measure> [use|usage|cost|
        consumption] <moves>|go~|fall~, also|additionally|moreover <better>|smaller|cheaper|
        <works>|generalises|generalizes|saves|more, side benefit|bonus, bonus, cut~|reduce~|lower~|
        raise~|boost~|save~|slash~|trim~|shave~|increase~|improve~|shorten~ <measure>|time|
        <outcome>, shave~|trim~|knock~ off, save~ memory|time|energy|money|compute|hours|minutes,
        faster|quicker|smaller|cheaper|lower and, lower|higher|better|smaller <measure>, <measure>
        be~|get~|become~|end~ lower|higher|smaller, ^ faster|quicker|smaller|cheaper|better $,
        faster|quicker|smaller|cheaper and .. faster|quicker|smaller|cheaper|better|accurate, make~
        [<measure>|training|inference|compilation|build|everything|it|<arm>] .. faster|quicker|
        better|cheaper|smaller, less|fewer memory|time|energy|compute|errors|failures|crashes|steps
        than|$|with, at lower|less cost|price, lower|less cost|memory|latency $, better accuracy|
        quality|throughput|generalisation|generalization,
        """,
}
