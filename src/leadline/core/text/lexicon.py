"""What an author may say over and above a measurement, by what it asserts: field to phrases.

Each field is meant to be whole: every ordinary word and idiom of English by which one asserts that
thing. How phrases are written, and that they match each inflection, is said in
``core/text/phrases.py``; what bears a word of a field, in ``core/evidence/gloss.py``. A phrase that an
honest sentence may have as well (what is *the same* may be the checkpoint or the accuracy) names the
class of what it must be said of.
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
        nobody|none|no one have~ got|gone|reached|seen|come <better>,
        <better>|lowest|highest|best .. on record|books, new low|high|record, no 1, no one $,
        number 1|one, top dog|gun|notch|drawer|flight|tier|shelf, one and only, be~ best $, best
        by, best there, nothing short, of all time, all time, ever made|built| written|seen|known|
        devised|invented|had|got|recorded|achieved|produced, world beater, unequaled|unparalleled|
        unexcelled|supreme|paramount|preeminent|peerless, nothing else be~| comes|matches, no one
        else comes|matches|gets, no other .. this|that|so <good>|fast|quick| low|close, this|so
        fast|quick|low|good before|ever, be~ rare $, second to none, head and shoulders above,
        hands down, far and away, bar none, without equal|peer|rival|parallel, no contest, no
        comparison $, no competition, no rival|equal|peer, no match for, no|not close second, in
        class|league of own|their, in class|league by itself, be~ champion|king|queen| star|victor|
        winner|favourite|leader, be~ favorite|benchmark|gold|frontrunner|jewel|crown| pinnacle|
        peak|apex|summit|ceiling|optimum|pick|ultimate, new|overall|outright|undisputed| reigning|
        have~|crown~|winner winner|champion|king|leader, come~ out on top, come~ first| top $,
        come~ in first, finish~ first, place~ first, on top $, top spot|rank|place, rank~ first|
        top|highest|one|1, take~ crown|cake|gold|prize|trophy, take~ first place|prize, steal~
        show, top~ table|list|chart|charts|leaderboard|ranking, lead~ field|pack|table|way| race|
        ranking, set~ bar|standard|pace|benchmark|record, raise~ bar, new bar|high|low| record|
        best|standard|king|champion $, unbeaten|undefeated|matchless|incomparable| unsurpassable|
        unbeatable|untouchable|undisputed|unchallenged, nothing|nobody|none|no .. .. come~|get~|got
        close|near, nothing|nobody|none|no .. beat~|match~|top~|outdo~|touch~| rival~, no .. can|
        could beat~|match~|top~|rival~|touch~|approach~, put~ .. .. to shame, hold candle, run~
        circles|rings around, leave~ .. .. in dust, leave~ .. .. behind| standing, blow~ .. .. out
        of water, blow~ .. .. away, wipe~ floor, mop~ floor, knock~ .. .. out of park, knock~ ..
        socks off, as good|fast|low|small|cheap as it gets, can not be beaten|topped|matched|
        improved|bettered, nothing <better>, nothing .. be~|was|do~ <better>|<good>|as, nowhere to
        go, outclass~, cream of crop, crown|crowning jewel| achievement, by any|every measure|
        standard|yardstick|metric|account, on|in all|every|each fronts|front|respect|respects|
        counts|count, most <good>|economical|performant|precise of| among|yet|overall, <arm> be~
        most <good>|economical|performant|precise, dominate~ on|in| across|everywhere|throughout,
        be~ dominated, beyond compare|comparison|rivalry, it be~ hard|difficult|impossible to beat|
        top|match|improve, hard to beat, unmatched|unrivalled| unequalled|unparalleled, only|one
        viable|sensible|serious|reasonable|sane choice|option, first choice, best|finest|greatest|
        ideal choice|bet, best we|i|anyone|they ever|have~, best .. yet|ever|known|found|available|
        possible, all time high|low|best|record,
        """,
    # beats, without saying of what measure
    "superior": """
        waste~ compute|gpu|money|cycles|energy on|with|by, be~ wasting, help~ lot|much|greatly|
        enormously|immensely|tremendously, rules $, has been|be~ beaten| defeated|outdone, forget
        <side>, <side> it shall, shall be $, not cent|penny|dime, never had|stood chance, not
        overfit, make~ most of, <arm> ftw, ftw, for win, do~ away with, <arm> >>, >> <arm>, the
        odds, pure|clean|clear|easy|outright win, <more> <scope>|models| users profit~|benefit~|
        gain~|win~, <more> <scope>|arms|sides|variants .. profit~|gain~| improve~|win~|succeed~|
        get~ <better>, ^ works on|for|with|in|everywhere, be~ no obstacle| problem|hurdle|barrier|
        issue|concern, full marks, five|four|three|gold star|stars, gold| silver|bronze medal,
        failing|passing|top|good|bad|high|low grade|grades|mark|marks, a+, a plus, thumbs up|down,
        ten out of, 10 10, flying colours|colors, old .. not|no <tone>| competitive|needed|wanted|
        required|necessary|work|cut, nobody|no one|none need~|want~| miss~|use~ <side>, fast|cheap|
        accurate|small|robust|simple|quick|lean|clean and fast| cheap|accurate|small|robust|simple|
        quick|precise|reliable|good, easier|lighter|gentler| kinder|harder on <measure>|hardware|
        gpu|cpu|disk|budget|wallet, <people> be~ amazed| impressed|surprised|thrilled|happy|
        delighted|blown|stunned|astonished|pleased|excited, how much <better>, much|many times
        <better>, in long run, long run, victory, hail, kudos, bravo, hooray, hurrah,
        congratulations, well done, good job, great job, beat~|crack~| solve~ it, first class, high
        quality|end|grade, head start, lead~ way, front runner, take~ lead, in lead, have~ lead,
        dark horse, sure winner|bet, safe bet, good bet|choice|pick| option|news, bad news|idea|
        choice, great news|idea|choice, good value|deal, bang for, value for money, money well,
        well spent, worth its|every|having|penny, return on, new life|lease, breathe~ new,
        blessing, silver bullet, magic bullet|wand, holy grail, panacea, cure all, secret weapon,
        trump card, ace in, jack of, swiss army, workhorse, powerhouse, beast, monster, rocket,
        speed demon, lightning fast|quick, blazing|blazingly|blisteringly| screaming fast|quick,
        snappy, buttery smooth, rock steady, fire and forget, just works| work, out of box, plug
        and play, smarter|wiser|stronger|leaner|cleaner|simpler|sharper| healthier|happier|superior
        choice|option|alternative|way|approach|method|design, <arm> be~ future|past|hero|star|real|
        one|thing|bomb|goat|goods, future belong~|be~|lie~, too slow| weak|bad|poor|expensive|
        costly|inaccurate|unstable|fragile|old to be useful|usable|worth| competitive|viable|
        practical, <arm> make~ .. trivial|easy|effortless|obsolete|possible| redundant|superfluous|
        look, what a difference, what difference <arm> make~, have~ what it takes, set~ tone|stage,
        cover~ itself, sent|consigned|relegated|confined to scrapyard|bin| dustbin|history|museum|
        archive, earn~|reap~|deserve~|merit~ praise|applause|respect|medal| mention|win|spot|title|
        crown, stand~ out, stand~ head, stick~ out, rise~ above, make~ mark, hit~ spot|mark|target|
        jackpot|sweet, come~ into own, live~ up to, steal~ march, <arm> have~ it all|both|
        everything, all you need|want, <arm> it be~, fit~ bill, tick~ boxes|every|all, checks all|
        every, above|below par, on top of world, up to scratch|snuff, leave~ much|lot to be, fall~
        short, fall~ flat, miss~ mark, step ahead, cut above, notch above, class act, real deal,
        one of kind, in good shape, comes into its, no slouch, pack~ punch, punch~ above, do~
        wonders|magic|miracles, work~ wonders|magic|miracles|charm, like charm|clockwork|dream,
        down drain, out of date, past it, yesterday 's, thing of past, on last legs, lost cause,
        dead end, dead weight, white elephant, no good, good for nothing, up to no, not up to, be~
        lacking|wanting|lackluster|subpar, second|third best|rate|class, <arm> get~ .. sooner|
        faster|quicker|earlier|further, beyond me|us|him|comprehension why, why anybody|anyone|
        people|someone|somebody would|use~|still|choose~|stick~|bother~, no weak spot|spots|point|
        points|weaknesses|flaws|faults, not|never keep~ pace|up, make~ short work of, keep~ pace,
        put~ .. out of business, can not be faulted|criticised|criticized, only with|through|thanks
        <side>, <side> can not compete|follow|cope|match|reach|touch, short work, left for dead,
        dead in water, go~ back to <side> $, no sane|reasonable| sensible person|engineer|user|
        team, <arm> <outdo> <arm>, <arm> <outdo> out, <arm> win~| prevail~|triumph~|excel~|shine~,
        win~ against|over|outright, <arm> lose~ to|against|out, lose~ to <arm>, have~|get~|gain~|
        hold~ edge|advantage|upper over, have~|get~|gain~|hold~ upper hand, have~ edge, get~ better
        of, come~ out ahead, come~ out|off better, pull~ ahead|away, be~|stay~|run~|finish~|move~|
        keep~|edge~ ahead, leave~ <arm> behind, trail~ behind, fall~|lag~|be~|trail~ behind <arm>,
        more good than, <arm> > <arm>, <arm> < <arm>, <arm> be~ <good> $, <arm> be~ <good> for|in|
        as|to|and|than|choice, pay~ for itself, <arm> pay~ off, do~ trick|job, <arm> work~ $, <arm>
        work~ well|fine|better|great|nicely|wonders, <arm> help~, <arm> be~ improvement|success|
        hit|progress|failure|dud|flop|waste|step| advance|upgrade|downgrade|relic, <arm> be~ more|
        less <good>|stable|precise|economical| frugal|responsive|performant|resilient|predictable,
        more|less robust|reliable|resilient| stable|precise|accurate|economical|frugal|efficient|
        performant than|to|against, <arm> deliver~, step up from, step|jump forward|up|ahead, <arm>
        make~ .. <better>, <arm> do~ better|well|worse, <fair> <effect>, <effect> be~ <fair>,
        favour~|favor~ <arm>, in favour| favor of <arm>, competitive with, compare~ well|
        favourably|favorably with|to, comparable to|with|in, similar to <arm> in, keep~ up with,
        keep~ pace with, rival~ <arm>, speak~ for <arm>, tip~ scales, beat~ <arm>, side~ with
        <arm>, with <arm> .. stable|fine|well, with <arm> .. diverge~|fail~|crash~|struggle~|
        explode~, old diverge~|fail~|crash~|struggle~| cannot, <arm> fail~ where, best of both,
        advantage of <arm> over, weakness|weaknesses of <arm>, strength|strengths of <arm>,
        improve~ on|upon|over <arm>, improvement on|upon|over <arm>, <arm> be~ upgrade|improvement,
        """,
    # beats by far, or shows what is beyond doubt
    "crush": """
        loss|error|errors|time|latency|cost|memory collapse~|crater~|evaporate~, mincemeat of,
        mother of all, have~|stand~ prayer, daylight between,
        as large|big|strong as it be~, by factor|orders|leaps|miles|margins, like stone|rocket|
        lead|flies, drop~ like, cut~|slash~|reduce~|shrink~ .. considerably|greatly|massively|
        dramatically|substantially|vastly|enormously|hugely|drastically|heavily, considerably|
        greatly|massively|dramatically|substantially|vastly|enormously|hugely|drastically <moves>|
        <works>, knock~ .. out, knock~ spots, knock~ dead, out cold, effect|effects size be~
        large|huge|big|enormous|strong|massive, large|huge|big|strong effect size|sizes, to
        ribbons|shreds|bits|pieces|ground|bottom|sky|stars|moon, notch or, beyond anything|
        everything|all|imagination|measure|words, out of park|sight|world, off scale|chart, one in
        thousand|million|hundred, weeks|days|hours|months shorter|faster|quicker|sooner|less, by
        weeks|days|hours|months|points|orders|leagues|magnitudes, orders better|faster|lower|
        smaller, points up|ahead|better|higher|lower, rout|landslide|blowout|walkover|whitewash|
        massacre|bloodbath|steamroller, no contest|brainer, hand over fist, whole new|different
        level|league|ballgame|dimension, take~ by storm, to death, next to nothing, bad to
        excellent|good, from bad to, short of miracle, leaps and bounds, <arm> <defeat> <arm>,
        <defeat> old|baseline|competition|rest|others|opposition|alternatives|rivals, <arm> be~ no
        match, not stand chance, not even close $, not close $, no chance against, stand~ no
        chance, light years, miles ahead|better|away, streets ahead, leagues ahead|above|beyond,
        way ahead, far ahead, worlds apart, world apart|away|difference, different league|class|
        world|planet|level, in another|different league|class|world, on another|different level|
        planet, <arm> be~ <great>, <great> <effect>, <arm> make~ <arm> obsolete|redundant|look,
        game changer, step|sea|quantum change|leap, quantum jump, leap over|forward|ahead, night
        and day, day and night, breakthrough|revolution|revolutionary|revolutionise~|
        revolutionize~|groundbreaking|landmark|milestone|triumph, ground breaking, mind blowing,
        jaw dropping, eye popping, earth shattering, nothing short of, no less than <great>|
        revolution|miracle, miracle|miracles, beyond belief|recognition|expectations, <big>
        <effect>, <effect> be~ <big>, <effect> be~ <great>, by mile|landslide|miles|leagues|far,
        by long|country way|mile|shot|chalk, by wide|large|huge|big|comfortable|clear|
        considerable|handsome|healthy|substantial margin, with|by margin to spare, with ease,
        comfortably|easily|handily|convincingly|effortlessly|soundly <outdo>|ahead|better|beat~|
        win~|<better>, dramatically|hugely|massively|vastly|immensely|radically|drastically|
        markedly|substantially|considerably|enormously|tremendously|overwhelmingly|remarkably|
        noticeably|outstandingly|exceptionally|extraordinarily|incredibly|unbelievably|amazingly|
        astonishingly|stunningly|spectacularly|wildly|insanely|decidedly|far|way|leagues|streets
        <better>|<moves>|reduce~|improve~|cut~|fast|slow|good|bad|small, very|extremely large|
        big|strong <effect>, big|great jump|leap|step in|for|forward, world of difference, game
        changing, <better> by
        lot|far|mile|miles|margin|mile, lot|lots|tons|heaps|loads|ton|heap|hell <better>, much
        much <better>, <measure> skyrocket~|soar~|plummet~|plunge~|nosedive~, through roof, off
        charts|scale, to floor $, to fraction of, small|tiny|mere fraction of, fraction of what|
        cost|time|price|memory, pale~ in|by comparison|beside, no comparison between, dwarf~, gulf
        between, chasm between, huge|enormous|vast|massive gap,
        """,
    # as good as
    "equal": """
        not differ $, do~ not differ $, add~ nothing, add~ nothing to, as <good>|fast|accurate|
        cheap|well|quickly|quick|low|small as hand|vendor|commercial|original|reference|best|any|
        other, <effect>|it|this be~ same for|on|in|at|across|with all|every|each|both|any, free
        <effect>|lunch|speed|performance|gains, zero downside|risk|drawbacks, no gap|distance|
        difference|daylight|gulf between, gap be~ closed|bridged|gone|zero, <arm> and <arm> ..
        same|equal|equally|alike|identical, same end|final loss|point|value|place|result, at same
        loss|level|accuracy|point|time, equal~ best|published|record, break~ even, even steven,
        dead even, no advantage|disadvantage|benefit|gain in|from|of|over|to|$, nothing gained|
        lost|to gain|to lose, neither better|wins|won, neither gains|loses, <outcome> be~ ..
        identical|unchanged|same|equal|equivalent, <outcome>|<measure>|nothing be~|was not
        affected|changed|altered|impaired|harmed|hurt|touched|compromised|degraded, <outcome>|
        <measure> .. as before|ever|always|good, be~ what it was, <arm> and <arm> tie~, <arm> and
        <arm> be~ .. same|equal|alike|tied|level|close, bit for bit, bitwise identical|equal|same,
        to the last bit|digit|byte, <arm>|kernels|versions|both .. give|gives|gave|produce|
        produces|yield|yields|deliver|perform|performs|score|scores|reach same|equivalent|
        identical|equal|alike, could|can|may swap~|exchange~|interchange~|substitute~, not|be~|
        cannot be told apart, told apart, no catch, there be~ no catch|downside|difference|loss|
        penalty|tradeoff|cost, zero|no|little|without|minimal expense|sacrifice|harm|damage|
        detriment, at zero|no|little expense|detriment|sacrifice, do~ not budge|move|change|shift|
        flinch|blink|waver|dip|sag, not|never budge|flinch|dip|sag, swap~|exchange~|replace~ one|
        them .. for|changes, one for other, changes nothing, change~ nothing, make~ nothing, no
        harm was|done|to, no harm, no trade off, best of both, both worlds, level playing, same
        ball, run~ neck, nip and tuck, six and half, as good as each, no winner, nobody wins, all
        one, equals|match each, side effects|effect free, free of side, be~ drop in replacement,
        seamless|seamlessly, transparent to, on same|equal|similar level|footing|plane|page|par,
        at same|equal|similar level|quality|accuracy|speed, choice of .. be~ irrelevant|
        immaterial|unimportant|arbitrary, be~ irrelevant|immaterial|unimportant|arbitrary $,
        hardly|barely|scarcely|next|almost any|no|to difference|no|effect|impact|cost, like two
        peas, two peas, as like, cut from same, birds of, <measure>|loss hold~ steady|firm|up|
        level, not worse in|off|at, just as much, of a piece, <measure>|loss stay~|remain~ where|
        put|as|there|at, stay~ put, lose~ nothing compared, hold~ its own, interchangeable|
        indistinguishable, neck and neck, level pegging, dead heat, <arm> be~ tied, tie~ with, tie
        between, be~ draw|wash|tie $, on par|parity, at par|parity, parity with <arm>, level with|
        on, even with <arm>, on equal footing, equal footing, toss up, six of one, much of
        muchness, nothing|little to choose|separate, nothing in it, no daylight between, makes no
        odds, no worse|slower|different than|from|$, be~ no worse|slower|different, equally
        <good>|fast|slow|accurate|cheap|low|high, as <good>|fast|accurate|cheap|well|quickly|
        quick|low as <arm>, just|at as|least as <good>|fast|accurate|cheap|well, at least as,
        every bit as, in no way|wise inferior|worse|slower, <arm> .. be~ same|alike|equal|
        equivalent|identical|comparable|similar $, be~ one and same, same <measure>|outcome|
        picture|ordering|ranking|quality, identical|equal|comparable|equivalent <outcome>,
        <outcome> be~|stay~|remain~ unchanged|unaffected|same|intact|identical|preserved|
        maintained|retained|equal|flat|constant, hold~ own against, equal~ <arm>, <arm> match~
        <arm>|performance|quality|accuracy|loss, stack~ up, do~|be~ as well as, perform~|behave~|
        work~ same|alike|identically|equally|similarly|comparably, without sacrificing|hurting|
        losing|harming|compromising|degrading|affecting|sacrifice|compromise|giving, without|no|
        zero loss|drop|penalty|price|sacrifice|compromise|degradation|downside|regression|hit in|
        of|to|$|for|whatsoever|on, without|no cost to|$|whatsoever, no strings attached, lose~
        nothing, give~ nothing up|away, give~ up nothing, sacrifice~ nothing, cost~ nothing|zilch,
        cost~ you|us|me nothing, costs nothing, for free, come~ free, be~ free $, ^ free $, free
        of charge|cost, free lunch, at no cost|price, not suffer~|hurt|degrade|deteriorate|
        decline, no worse, nothing lost, none worse|wiser, <small> <effect>|overhead|cost|penalty|
        loss|impact, overhead|cost|penalty|impact|<effect> be~ <small>, play~ no role|part, have~
        no bearing|influence|say, not matter, of no consequence|importance|relevance, no bearing
        on, no measurable|visible|detectable|noticeable|perceptible|discernible|real|practical
        difference|effect|impact|cost|loss|change|penalty, all same to, make~ no difference, close
        to identical, cannot tell apart, not tell .. apart, tell apart, same|similar at|for lower|
        less|half cost|price, <arm>|change|patch be~ harmless|painless|lossless,
        """,
    # why
    "cause": """
        ^ because of .. $, ^ thanks|owing|due to .. $, <arm> owe~ .. <better>|<measure>|<effect>,
        <measure>|<better>|<works> .. come~|stem~|arise~|result~|follow~ from <arm>, ^ because|
        thanks|owing|due .. .. .. ; .. .. <better>|<works>|<moves>, it be~ .. that do~ it, be~
        problem|obstacle|bottleneck|limit|trouble, remove~|eliminate~|lift~|avoid~|relieve~ them|
        it|that|this|<fault>|bottleneck, <outcome>|<effect> .. because, because|as <arm> .. it|new|
        this|they .. <better>|<works>, alone be~, alone explain~|account~|do~|give~| suffice~,
        behind <effect>|it|this, <better> .. for it, all <people> need, be~ all it, for want of,
        give~ lower|better|faster|higher, reduce~|lower~|increase~|raise~|improve~ <measure> in
        general|always|everywhere, matter~ great|lot|most|more|greatly, count~ most, were it not
        for, was|been not for, if not for, were not for, but for <arm>, thank <arm>, all praise,
        credit be~|goes|belongs|where, made|make~|render~ .. possible|work|happen| feasible, make~|
        made it happen|work|click, translate~ into|to, turn~ into, spell~ doom| end, single|sole|
        only cause|reason|explanation, have~ one cause|reason, pay~ dividends, earn~|deserve~|get~|
        take~ praise|credit|blame, be~ product|outcome|result of, grow~ out of, rooted in, root~
        of, born of, do~ it $, did it $, do~ all work, did the trick, reason| cause be~ simple|
        clear|obvious|that|<arm>, explanation be~ that|simple, therein lies, that be~ why|how|what|
        because, this be~ why|how|because, which be~ why|how, that be~ reason, no other|wonder
        reason|cause|that, pull~|carry~|bear~ weight|load, propel~|fuel~|underlie~| underpin~|
        engender~|elicit~|foster~|spawn~|facilitate~|motivate~ <effect>|<outcome>| <measure>|
        <better>, vanish~|disappear~|evaporate~ without|once|when|if, explain~ all| everything|
        most|part|it|them|that, what help~|make~|do~|matter~|count~|work~|drive~| decide~|win~|
        give~ .. be~, show~ that|how .. matter~, <people> learn~|understand~| realise~|realize~|
        see~|conclude~ that|how|why, be~ crux|essence|heart|soul|backbone| linchpin|cornerstone|
        catalyst|engine|fuel of|to|in|for|behind|$, matter~ $, be~ essential| crucial|vital|
        pivotal|indispensable|instrumental|decisive, deserve~ credit|blame, credit be~|goes|
        belongs, advantage|gain|benefit|win|secret|strength|difference .. lie~ in, it take~ <arm>
        to, would have fail~|been|diverge~|crash~|lost|won|improved|taken, only with| through|by|
        thanks <arm> do|does|can|could|is|will, <arm> must be cause|reason, be~ what do~|did it,
        bring~|get~|push~|drive~|pull~|brought loss|time|error|latency|cost down|up, thanks
        entirely, be~ what, in no small part, work of, <effect> .. be~ due|owing| attributable|
        thanks|down to, <effect> .. be~ because, <effect> .. be~ caused|explained| driven|produced|
        brought|powered|induced|created|triggered by, <effect> .. come~|stem~| arise~|result~|
        derive~|originate~|flow~ from, <effect> owe~, owe~ success|win|speed| <effect>|<measure>,
        responsible for, be~ responsible, to blame, at fault, fault of, 's fault, be~ .. fault $,
        blame~ lie~, culprit|guilty, be~ cause|reason|explanation|source| driver|origin|root|
        mechanism|culprit|factor|ingredient|secret|key of|for|why|behind|that| $|to, be~ decisive|
        driving|deciding|main|sole|true|real|root|key|dominant|primary factor| force|cause|reason|
        driver|ingredient|element|explanation, be~ why|how $, be~ why <arm>, be~ what make~|made|
        let|drive~|cause~|help~|matter~|give~|win~|do~|bring~|count~|allow~| enable~, be~ key|
        secret|crucial|essential|instrumental|vital to|for|in, hold~ key, secret sauce|ingredient,
        lie~ behind, sit~ behind, make~ difference|all, make~ it faster|better| possible|work|
        converge, account~ for <effect>|all|most|everything, explain~ <effect>|why| everything,
        drive~|cause~|produce~|induce~|trigger~|yield~|create~ <effect>, bring~ about, give~ rise
        to, lead~ to <effect>|<better>, result~ in <better>|<effect>|lower|faster, <better>|<works>
        because|due|thanks|owing, <better> since, <measure> drop~|fall~|rise~ because|since|due|
        thanks, be~|get~|run~|do~ <better> .. because, be~|get~|run~|do~ <better> .. .. because,
        <works> .. because, <works> .. .. because, be~|get~|run~|do~ <better> .. thanks|due|owing
        to, <works> .. thanks|due|owing to, <better>|<works> on account of, <better> by virtue of,
        <better> .. as it|they <take>|skip~|avoid~|use~|have~| need~|save~, ^ because|thanks|due|
        owing .. .. <better>|<works>, ^ because|thanks|due|owing .. .. .. <better>|<works>, ^
        because|thanks|due|owing .. .. .. .. <better>|<works>, ^ hence|therefore|thus .. .. be~,
        play~ decisive|key|crucial|central|major|big|important| dominant role|part, hinge~ on,
        boil~ down to, trace~ back to, traced to, credit~ to|goes, credit for, put~ down to, chalk~
        up to, attribute~ to, pin~ on, be~ all about, be~ result| consequence|product|fruit|effect
        of, fix~|cure~|solve~|resolve~|remedy~|eliminate~| prevent~|stop~ <fault>|<effect>, without
        <arm> .. .. not|fail~|never, reason <arm>|why .. <better>|<works>, for reason that, since
        <arm> <take>|skip~|avoid~, as consequence, mechanism be~|behind, what make~|made ..
        <better>|<works>|difference, allow~|enable~|let~ .. to converge|learn|generalise|
        generalize|win, do~ heavy lifting, carry~ day, turn~ tide, tip~ balance,
        """,
    # not by chance
    "chance": """
        odds|chance|chances|probability of|that .. random|chance|luck|accident|fluke|noise, test|
        tests|statistics|analysis|analyses|numbers confirm~|agree~|back~|bear~|support~|prove~ it|
        this|that|us, sigma .. above|beyond|over|more|high|large, sigmas, many|several|five|six
        sigma, statistically sound|speaking, seed lottery, lottery, dice, luck of draw, draw of
        luck, roll of, lucky seed|draw|run|break, have~ ruled out, cannot be random|chance|luck|
        noise, not random, not arbitrary, not due|down to <chance>, no <chance> could|can|would,
        be~ no accident|coincidence|fluke|luck, p be~ <small>|tiny|minuscule|small|low|zero,
        distributions|samples|curves|intervals|bars not touch|overlap|intersect|meet|cross, not|
        no|never|nothing|hardly|neither|nor .. <chance> $, no fluke|accident|coincidence, not|
        never|hardly mere|pure <chance>, not .. be~ <chance>, have~ nothing to do with <chance>,
        <chance> have~ nothing, <chance> .. not|hardly|never .. explain~|account~|play~|produce~|
        cause~|do~, rule~ out .. <chance>, <chance> .. ruled|excluded|dismissed|eliminated,
        exclude~|eliminate~|dismiss~|reject~ <chance>|null, <chance> play~ no|little, not put|
        chalk|attribute|ascribe|write .. down|up|off|to .. <chance>, not .. down to <chance>, not
        .. by <chance>, <chance> be~ out|impossible|unlikely, beyond|above|outside|over <chance>|
        error .. $, well|far beyond|above|outside <chance>|error|errors, exceed~ <chance>|error|
        errors|spread|variance, larger|bigger|greater than <chance>|error|errors|spread|variance,
        too large|big|consistent|strong to be, too .. to be <chance>, <effect> be~ real|genuine|
        true|authentic|actual|meaningful|credible|believable|trustworthy|true, <effect> exist~ $,
        meaningful <effect>, p below|under|less|value|well .. threshold|level|05|01, interval|ci|
        bars|band exclude~|clear~|avoid~ zero, not overlap $, bars|intervals|distributions|ranges
        not|never overlap, no overlap, null .. rejected, reject~ null, odds .. against, high|
        strong|ample|solid confidence|evidence|statistical, with confidence $, with high|great|
        full confidence, signal not noise, not just <chance>, more than <chance>, statistically
        <big>|<good>|real|clear|speaking, noise .. too small, spread .. so small|tight|narrow,
        free of noise, noise free, accurate to last,
        """,
    # known for certain
    "certain": """
        reproduce~|replicate~|confirm~|verify~|validate~ .. by .. teams|team|labs|lab|groups|
        others|people|colleagues|reviewers|outsiders, confidence .. be~ total|high|complete|
        absolute|full, our|my|full|total|complete confidence, no doubts, without doubts, have~ no
        doubt|doubts|reservations|qualms, beyond reproach|criticism|suspicion|challenge|argument|
        cavil|peradventure|dispute, above suspicion|reproach|doubt, without shred|trace|hint|
        shadow, no shred|trace|hint, for everyone|all|anyone to see, leaves no other, can only
        mean, only mean, one has|have~ to| must conclude|admit|accept|concede|agree|say, has to
        conclude|admit|accept|concede|agree, must conclude|admit|accept|concede|agree, cannot but
        conclude|agree|admit, stands to reason, goes without saying, needless to say, say what you,
        like it or not, take it to, as sure, sure enough, hands down, no if, no ifs, ifs and|or
        buts, categorically| incontrovertibly|indisputably|irrefutably|undeniably|unquestionably|
        unarguably| undoubtedly|indubitably, this|it be~ signal, firm|solid|safe|sure ground, on
        firm|solid| safe|sure footing, in bag, sure as, count on it|that|this, bank on, set your,
        put money, money on, no two ways, it be~ official|certain|fact|given|obvious|clear|true,
        make~ clear| plain|obvious, believe~ me|us, trust me|us, i can assure|promise|guarantee,
        assure~ you, take~ for granted, take~ it from, black and white, without hesitation, hand on
        heart, swear by, you can bet, stand~ by, leave~ nothing, hold~ true|water|up|fast, self
        evident, plain to see, plain for all, hard to miss|overlook|ignore|deny|argue|dispute,
        jump~ out, one glance|look, glance suffice~, child could|can, blind man, speak~ volumes, no
        statistics, naked eye, eyeball test, stare~ in face, conclusion be~ inescapable|
        inevitable|clear|obvious, only conclusion|explanation|interpretation, no other conclusion|
        explanation|interpretation|reading, leaves|left no other, not hard to see, anyone can see,
        everyone|everybody|anyone|anybody agree~|see~|know~|can, everyone on, undeniably, there be~
        no way, no doubt, for sure|certain|definite, beyond <doubt>, beyond any|all| reasonable|
        shadow <doubt>|of, without <doubt>, without any|shadow <doubt>|of, free of doubt, leave~|
        left|leaving no|little doubt|room|question, no room for, put~ beyond, stake~ life|salary|
        reputation|career|house|job|my, bet~ house|farm|ranch|life|money|salary|on, mark my words,
        rest assured, sure thing|bet|fire|win|as, can not be wrong|otherwise| denied|disputed|
        doubted|argued|overstated|questioned|refuted, make~ no mistake, no way| chance that|this|
        it|around, no question|denying|arguing|disputing|mistake|escaping| getting, it|thing be~
        clear|obvious|evident|plain|undeniable|certain|indisputable that| now, ^ clear|obvious|
        evident that, as clear as, plain as day, crystal clear, convince~ .. sceptics|skeptics|
        anyone|everybody|everyone|doubters|critics|all, sceptic|skeptic|doubter, silence~ critics|
        doubters, <people> now|can|finally|therefore know~|conclude~|assert~| state~|affirm~|say~
        that|with|<arm>|$, <people> know~ that|now, now know~, safe|fair to say|conclude|assert|
        assume, <people> [can|may] be~ sure|certain|confident|convinced| positive, i guarantee|
        swear|promise, demonstrate~ that|how|why|value|benefit|superiority| importance|power|
        advantage|<arm>, show~ beyond|conclusively|definitively|clearly|once, have~ shown|proven|
        demonstrated|established, be~ shown|demonstrated|proven|established| proved to|that|to,
        speak~ for itself|themselves, say~ it all, proof be~|in|that|positive, proof $, living
        proof, hard|established|known|plain|simple fact, fact of life, law of nature, matter of
        fact, truth be~, be~ truth|fact|certainty, hundred|100 percent|% sure| certain|confident|
        safe, dead certain|sure, foregone conclusion, open and shut, slam dunk, smoking gun, end of
        story, undeniable|indisputable|unarguable|incontestable|irrefutable| unassailable|
        unequivocal|unquestionable|inarguable|incontrovertible, unmistakable| infallible|foolproof|
        failsafe|bulletproof|ironclad|airtight|watertight|bombproof| unshakeable|unshakable|bullet|
        iron proof|clad, rock solid, air|water tight, set in stone, written in stone, cast in
        stone, carved in stone, must be~ true|right|real, have~ to be true|right|real, never wrong,
        can not fail|lose|miss|go, never fail~|miss~|disappoint~| lose~|beat~|win~,
        """,
    # nothing left to ask
    "closure": """
        set and match,
        <side> be~ history|dead|toast|buried, result|verdict|answer|decision|outcome be~ final,
        enough runs|seeds|data|evidence|repeats to, this|experiment|result|results|data|comparison|
        evidence settles|decides|answers which| what|who|whether|how, no more|further|need
        discussion|debate|argument|questions|testing| tests|study|talk, done here, that settles,
        <matter> .. .. answered|settled|closed|decided for good|all, answered|settled|decided|
        solved|resolved|established for good|all, for good $, remains nothing|no, remain~ nothing,
        there be~ nothing|no more|left|need|reason|doubt| question|catch, consider .. decided|
        settled|closed|established|done|proven|answered, regard .. as|settled, decision be~ easy|
        clear|simple|obvious|made|final, no more|further questions|doubts|questions, signed and
        sealed, signed sealed, wrapped up, tied up, sewn up, dust has settled, jury be~ back, die
        be~ cast, verdict be~, bottom line, game over, enough said, say no more, nuff said, we have
        our answer, have~ answer, have~ winner, be~ the answer, answer be~ clear|yes|no|new|old|
        <arm>, answers|answered question, evidence| data|numbers|figures|curves|runs points|point|
        speak|speaks|say|says|tell|tells|leave| leaves|favour|favor|agree, considered|regarded|
        taken|treated|seen as established|settled| fact|proven|given, considered established|
        settled|proven|closed, no longer need|necessary| needed, we rest, close to proof, all
        proof, rest case|my case, proof $, proof that|be~| one|enough, qed, q e d, evidence be~ in|
        there|clear|overwhelming|strong|conclusive, jury be~ in, verdict be~ in, corroborate~,
        agree~|consistent|line|match~ with theory, to letter, theory .. confirmed|right|correct|
        holds|verified, <effect> agree~ with, theory and experiment|practice agree~|match~, hereby
        confirmed, claim .. confirmed, now know, settle~ <matter>|it|this|debate, <matter> be~
        settled|closed|solved|answered|resolved|over|done| moot|decided|clear, settled $, settled
        science|matter|in|by|once|now, case|book|chapter| question|matter|debate|issue closed,
        close~ <matter>|book|books, put~ .. to rest|bed, lay~ to rest, end~ debate|discussion|
        argument|<matter>, put~ end to <matter>|debate| speculation, final|last verdict|word|
        answer|say, end of story|discussion|debate|matter, full stop, once and for all, that be~
        that, nothing left|more|further to say|add|test| learn|discuss|prove|find|do, no further|
        more|additional experiments|tests|runs|work| evidence|study|testing|measurements|data|
        investigation be~|needed|required|necessary|$, need~ no further|more, need no, no need to|
        for rerun|repeat|more|further|test|verify| check|further|another, problem solved|fixed|
        gone, <fault> be~ gone|fixed|solved|cured| resolved|history, solve~ problem|it|everything|
        puzzle|mystery, mystery solved, consider .. closed|settled|proven|done, done deal, job
        done, mission accomplished, that do~ it, nail~ it, nailed, hypothesis|conjecture|
        prediction|theory|suspicion|intuition|hunch|claim| expectation|assumption .. be~ verified|
        confirmed|proven|correct|right|true|validated| borne|vindicated|established|supported,
        vindicate~, bear~ out hypothesis|prediction|claim| idea|theory, prove~ right|correct|point|
        that|<arm>|hypothesis, prove~ to be, be~ proven| proved, stand~ up to|under scrutiny|test|
        tests, stand~ test of, withstand~, pass~ every| all|each, same|identical number|numbers|
        result|results|outcome|story|picture|ordering| ranking|pattern|answer|conclusion each|
        every|again|everywhere|throughout|time, get~|got| see~|saw|find~|give~ same|identical
        number|numbers|result|results|outcome|story|picture| ordering|ranking|pattern|answer, time
        and again, time after time, every single time, over and over, again and again, one run be~|
        would|will do|suffice|enough, one run suffice~, single run be~ enough, no need for repeats,
        here to stay, set for good, known quantity, textbook result|case, common|general knowledge,
        conventional wisdom, beyond repair,
        """,
    # what a label says
    "label": """
        independently|externally|repeatedly|thoroughly|rigorously confirmed|verified|validated|
        reproduced|replicated|checked|tested, confirm~|verify~|validate~|replicate~|reproduce~ by|
        on|in|across|with second|another|other|every|each|independent|different|several|many|all|
        third|outside|external|colleagues, confirm~ <effect>|superiority|that, reproduce~|
        replicate~ <effect>, <people> reproduce~|replicate~ this|it, <effect> .. confirmed|
        verified|validated|replicated|reproduced|corroborated, <effect> .. reproduce~|replicate~|
        repeat~|recur~ $, <effect> .. reproduce~|replicate~ on|in|across|everywhere|with|every,
        it|this reproduce~|replicate~, <effect> .. be~ robust|solid|firm|stable|reproducible|
        repeatable|replicable|reliable|consistent|dependable|trustworthy|sound|sturdy, robust|
        firm|reproducible|dependable <effect>, robust to|against|across|under, perfectly|fully|
        completely|totally reproducible|repeatable, <effect> hold~ up|water|good|true|firm|$,
        survive~ every|any|all|each|scrutiny|replication, consistent from|across|over|between|
        throughout|everywhere,
        """,
    # without exception, or of more than was run
    "general": """
        three for three, four for four, five for five, six for six, seven for seven, eight for
        eight, nine for nine, ten for ten, every single <scope> <works>|say~|show~|agree~|point~,
        stable|consistent|robust throughout|everywhere,
        clean sweep, <many> nil, wins|won every|each|all round|rounds|seed|seeds|run|runs, apply~|
        applies to <more>|convolutions|other .. too|also|alike, <arm>|it|this|that|lesson| finding
        applies|generalises|generalizes|extends|transfers to|beyond|well|too, every|each <scope>
        show~|say~|give~ .. thing|same|story|picture|gain|effect|improvement, every|each <scope> ..
        show~|say~|give~|see~|saw|yield~|produce~|do~|end~|come~ same|thing|it|gain| win|
        improvement|effect|lower|higher|better|out, <scope> all|alike <works>|agree~|show~| say~|
        point~|end~|do~|go~|move~|come~|favour~|favor~, <effect> stand~|hold~|remain~ $, unanimous|
        unanimously, across board, without exception|fail, whole range|spectrum|gamut| lot|bunch,
        small and large|big, large and small, old and young, near and far, this|my machine and
        yours|on, mine and yours, here and there, now and forever|then, today and tomorrow, no ..
        get~|got|become~|became|turned|run~ slower|worse|longer|higher, <people> can|may|could
        generalise~|generalize~|extrapolate~|extend~, safely generalise~| generalize~|extrapolate~,
        users|people|customers|everybody|you will|would notice|see|feel| love|like|thank|
        appreciate, any|all|every|other|larger|different <scope> would|will, see~| get~|enjoy~|
        show~|have~ same|similar|equal gain|effect|benefit|improvement|result| advantage|speed|
        drop, same holds|goes|applies|happens|true|thing for|on|with|in|at|to| elsewhere, same be~
        true, this goes for, so many times|runs|seeds, lost count, more times than, countless
        times, many times over, broad|wide|large|huge|big|long|rich set|range| variety|array|
        number|spectrum|collection|sample|selection|series of <scope>|seeds|runs, from small to
        large, big and small, great and small, one and all, all and sundry, far and wide, anyone
        can|will|could reproduce|see|get|confirm|repeat, it will|would|should be| hold|scale|
        transfer|work|carry|generalise|generalize, will scale|transfer|generalise| generalize|
        carry|hold|persist, to any|every|all, under any|every|all, at any|every|all, ever more,
        forever, for ever, till end, until end of, at every turn, down to last, to last run|seed,
        true|valid|correct|right for|of|on|in|at <more>, <outcome>|it|this repeat~ itself|
        themselves, expect same|similar|likewise|nothing|no, <effect> grow~|increase~| widen~|
        shrink~|rise~|scale~ with|as <scope>|depth|width|more|<more>, <outcome> never|not change~|
        flip~|swap~|reverse~|vary|move, it|this|new never fail~|lose~|crash~|diverge~| miss~, same
        again, once more confirmed, <scope> hardly|barely|not|never|scarcely matter~| play~|
        influence~|affect~|change~|count~, <scope> do~ not matter|play|influence|affect| change|
        count, <scope> make~ no|little difference, <effect>|it|this [do~] not depend|vary| change|
        hinge on|with|from, immune|insensitive|invariant|agnostic|indifferent|oblivious| impervious
        to, same|identical for|with|across|over|on all|every|each|both <scope>|seed, would show|
        give|do|see|get same, <scope> would .. same, whenever <people>, day after day, run after
        run, seed after seed, week after week, again and again, plenty|lots|loads|tons| number|
        wealth|host|multitude|majority|handful|abundance|scores|dozens of runs|seeds| trials|
        repeats|experiments|measurements|samples|machines|datasets|tests .. back~|confirm~|
        support~|show~|agree~|say~|point~, many|numerous|countless|enough|sufficient runs|seeds|
        trials|repeats|experiments|measurements|samples .. back~|confirm~|support~|show~|agree~|
        say~|point~, over|across|from|with|in|on many|numerous|countless|several|plenty|lots|
        hundreds|dozens runs|seeds|trials|repeats|experiments|measurements|samples|machines, with
        <many> seed|seeds .. all, come what may, even worst|slowest|best|weakest|strongest, worst
        .. beat~ .. best, come rain, each time, every time, no surprises, just works, hold~|
        carry~|transfer~|extend~|generalise~|generalize~|apply~|persist~|work~|remain~|survive~|
        translate~|extrapolate~|stay~|continue~|stick~|recur~ [over|up|true|good|well|same|there|
        valid] to|on|for|at|across|in|with|beyond|under|over <more> [<more>] [tested] <scope>,
        hold~|carry~|transfer~|extend~|generalise~|generalize~|apply~|persist~|work~|remain~|
        survive~ .. at scale|large|production|depth, scale~ well|gracefully|up|to|nicely, hold~|
        apply~|work~|true|valid|better|faster|help~|win~ everywhere|elsewhere|universally|
        anywhere|generally|always|throughout, hold~ in general|practice|production, in production|
        practice|wild|real too|also|as|alike, generalise~|generalize~ well|better|beyond|to,
        transfer~ well|readily|directly|beyond, <arm>|<effect> transfers|generalises|generalizes|
        transferred|generalised|generalized $, it|this|<effect> scales $, universal|universally|
        ubiquitous, across <scope> $, across all|the|many|every board|<scope>, whatever|whichever|
        no|any matter|<scope> .. <people> <take>|pick~|try~|throw~|choose~|like~, whatever|
        whichever <scope>|<arm>|<people>, no matter what|which|how|who|where, regardless of,
        irrespective of, under|in all|any|every circumstances|conditions|weather|event|case, come~
        what may, invariably, without exception|fail|exceptions, without single exception, no
        exceptions|exception, each and every <scope>, every last|single|one of, every last|single
        <scope>, not one|single <scope>, <many> <scope> .. agree~|concur~|confirm~|favour~|favor~|
        support~|show~|point~|say~|tell~|side~|vote~|prefer~|win~|improve~|benefit~|give~, every|
        each <scope> agree~|concur~|confirm~|favour~|favor~|support~|point~|tell~|side~, all
        <scope> .. direction|same|way, <many> <scope> same|identical|alike $, <many> <scope> ..
        same|one outcome|result|story|picture|direction|conclusion|answer|way|ordering|trend, see~|
        saw|seen|observe~|find~|found|confirm~|reproduce~|replicate~|verify~|hold~|held| repeat~ ..
        on|across|over|in|with|at <many> <more>|<scope>|of|dozen [<scope>|different| other], for|
        on|in any|every|all <scope> <people>|we, on anything|everything|whatever, for everyone|
        everybody|anyone, for all|any <scope>, on every|any|each <scope>, in every|any| each
        <scope>, at every|any|each <scope>, with every|any <scope>, every one of, as rule, general
        rule|law|principle|truth, rule of thumb, generally <better>|true|valid|applicable, in
        general <better>|true|$, by and large, <arm> never win~|lose~|beat~|fail~|help~, never
        win~|lose~, never|not once|ever, at all times, to last|letter, keep~ holding, will|would
        hold|generalise|generalize|transfer|scale|continue|persist|carry, will be~ <better>|same|
        true, will keep~|remain~|stay~ <better>, persist~ at|across|beyond|in|for|with, hold~ at
        scale|depth|size|larger|any|every, hold~ beyond, true of all|every|any, true for all|any|
        every|larger|other, same on|for|with|at|in other|larger|bigger|smaller|another|different
        <scope>, likewise on|for|at|in other|larger|another, <better> on other|larger|another|any|
        every|all, wherever|whenever <people>|<arm>|it, anywhere|everywhere, through thick and
        thin, day in day,
        """,
    # what one is to do now
    "advice": """
        should|must|ought|needs always|never|definitely|surely be~ on|off|used|enabled|avoided,
        never train|run|work|go without, <people> should|must|ought [to] not use|run|keep|touch|
        bother, <side> ought, <side> should [now] be~, must $, must for, must have, remove~|
        delete~|strip~|rip~|purge~|cut~|take~ <side> from|out, needs to go, need~ <side> any,
        stop~ using|running|wasting|bothering, let's <take>|use|go|move|switch|ship|drop, let us
        <take>|use|go|move|switch|ship|drop, no excuse, what are you, hurry, act now, at once|
        immediately <take>, the sooner, nobody|no one will|would miss|need|want|notice <side>,
        old|<side> .. not belong, belong~ in|to|on every|production|pipeline|toolbox, my|our
        advice|recommendation|suggestion|verdict|choice|pick|vote be~, advice be~, ^ advice|
        verdict|recommendation|upshot $, take <side>, drop everything, be happy, decision be~, way
        forward, next step be~ to, move~ on to|from <side>, let~ us|'s <take>|<discard> <side>,
        why not <take>, get~ on with, nothing speaks against, speaks against, nothing stands, roll
        it out, flip switch, make~ switch, the switch, <people> should|must|ought|need .. ..
        <take>|run~|use~ old|new|<side>, ^ please <take>|<discard>|stop|start|move, all jobs|
        users|pipelines|runs to <side>, should have switched|used|moved|done|adopted, foolish|
        unwise|crazy|mad|irresponsible|silly|stupid|a mistake|mistake|wrong to go|stay|keep|use|
        return|ignore|switch, earn~ its|place|keep|spot|right, no sane|point going, <people>
        should|must|ought|better|can|need|shall|may [to|now|all|immediately|today|safely|
        confidently] <take>|<discard>|stop~, <people> had better, recommend~, advise~, suggest~
        switching|using|adopting|moving|dropping|replacing, urge~, advisable|advocate~, highly
        recommended, i would|'d go, way to go|forward, right|obvious|sensible|natural|clear|safe|
        logical|smart|wise|better|good|preferred|correct|only choice|pick|option|move|decision|
        bet, method|tool|arm|setting|choice of choice, obvious|default|first|easy choice, choice
        be~ clear|obvious|easy, go~ with|for <arm>, adopt~ <arm>, switch~|move~|migrate~|upgrade~|
        convert~|change~ [over] to <arm> [now|today|everywhere], ^ use~|adopt~|switch~|migrate~|
        ship~|deploy~|prefer~|choose~|pick~|merge~ <arm>, ^ drop|bin|scrap|ditch|dump|retire|
        discard|abandon|deprecate|delete|forget|trash|junk <arm>|it, ship it, <discard> <side> $,
        keep~ <arm> $, time to switch|move|drop|retire|upgrade|say|ditch|adopt, say~ goodbye to,
        throw~ away|out <arm>, throw~ <arm> away|out, get~ rid of <arm>, <arm> can|should|may|
        must|could|ought|deserve~ [to|now|be] [be~] <discard>|<take>|go, <arm> have~ to go, <arm>
        be~ ready for|to, no [good|longer|longer|real|earthly|left] reason|point|need|excuse|
        sense|case [left|whatsoever|anymore] to|in|for|not|left, little|no point in, makes no
        sense to, pointless to, safe to deploy|ship|use|adopt|merge|release|roll|switch|enable|
        replace|drop|remove, ready for production|prime|release|rollout|deployment|shipping,
        production ready, worth it|effort|cost|trouble|price|using|adopting|keeping|switching|
        complexity|having|every|extra|investment|wait, well worth, <effect>|<arm> be~ worth, worth
        .. complexity|cost|effort|price, one to use|pick|choose|beat|go|take|keep|have, make~ ..
        default|standard, become~ default, should be~ default|standard|used|adopted|preferred|
        enabled|replaced|dropped|retired, from now on, going forward, from here on, henceforth,
        from today, no looking|going back, never look~|go~ back, never use~|touch~ <arm> again, no
        reason not, no brainer, do~ yourself favour, what be~ waiting, can be~ retired|dropped|
        removed|deleted|thrown|discarded|abandoned|forgotten|deprecated|replaced|ignored, be~
        preferred|favoured|favored|preferable, belong~ in|to production|every|bin|museum|dustbin|
        past|default, have~ had its|day, day be~ over|numbered, days of, rip, farewell, long live,
        let~ go of, next stop production, do~ not bother with, not worth, everyone|everybody|
        anyone .. <take>, time be~ up for, <take> .. everywhere, use~ <arm> .. everywhere|always|
        everything, roll~ out, green light, all clear, good to go,
        """,
    # beyond all that others reached
    "literature": """
        nobody|nothing|none in|anywhere field|literature|print|world|history|community, in print,
        in field|world|history|community|business|industry, on market|planet|earth, first for,
        ahead of everything|field|time|others|rest, got this|that low|high|far, this|that low|
        high|fast before, industry|market|class leading|leader|standard, literature .. nothing|no|
        not, nothing like it|this, nothing comparable|similar exists|known|published, publishable,
        paper worthy, award winning, nobel, reviewer two, no published|known|existing|other
        system|method|model|work|approach|result, rare quality, rarely seen, seldom seen, top~
        any, any leaderboard, hall of fame, best paper, first to reach|achieve|get|show|obtain|
        break|go|do, state of art, sota, world class|best|leading|record|first|beating, first ..
        anywhere|ever|world, first .. .. anywhere|ever|world, first of kind, no one|body|other ..
        report~|reported|achieve~|achieved|publish~|published|reach~|reached|manage~|managed|see~|
        seen, nobody .. report~|reported|achieve~|achieved|publish~|published|reach~|reached|seen|
        manage~, nobody|never .. before|ever, not seen|been before|anywhere, unheard of, never
        seen|reported|achieved|published|done|been before|seen|reported|achieved, unprecedented|
        unseen, to our|my|best knowledge, beat~|exceed~|surpass~|match~|top~|rival~|outperform~|
        equal~|approach~ .. published|literature|leaderboard|reported|commercial|proprietary|
        leading|handtuned, beat~|exceed~|surpass~|match~|top~|rival~|outperform~ prior|previous|
        existing|all|known work|methods|approaches|art|systems|results, better|lower|higher|faster
        than published|reported|prior|previous|existing|any|anything, than anyone|anybody|
        anything, level with .. published|leading|best, on par with .. published|leading|tuned|
        best|commercial|systems|literature, leading systems|method|solution|position, cutting|
        bleeding edge, push~ frontier|envelope|limits|boundary, advance~ state|field|frontier,
        break~ record|records|ground, record breaking|setting|low|high|time|speed|run, shatter~|
        smash~ record|records, world record, personal|project best, previous best|record, best
        known|published|reported, rewrite~ book|books|rules, pioneering|trailblazing|historic,
        history in, make~ history, go~ down in history, new era|chapter|paradigm|frontier|
        territory, paradigm shift, ahead of its|the time|curve,
        """,
    # how something else moved
    "moves": """
        be~ saved|cut|gained|won|freed too|also|as, cost|costs|hours|bill|spend|usage|footprint|
        consumption .. slashed|cut|halved|trimmed|reduced|lowered|fall~|fell|drop~|shrink~|shrank,
        <measure> .. slashed|cut|halved|trimmed|reduced|lowered|boosted|raised|improved, saves us|
        you|me|the, save~ fortune|money|day|hours|days|weeks|cash, for first time, below|under|
        above one|two|zero $, easier on, <measure> .. shrank|shrunk|fell|sank|rose|grew|dropped|
        improved|climbed|soared, besides|plus|moreover|furthermore|additionally .. <measure>|
        <better>, on top of speed|quality|accuracy|that|it, into bargain, to boot, for good
        measure, both <measure> and <measure>, <measure> and <measure> improve~|benefit~|win~|
        gain~, save~ lot|lots|much|plenty|tons .. compute|memory|time|money|energy|work|effort,
        save~ compute|money|energy, <measure> .. down|up sharply|massively|dramatically|
        considerably|substantially|noticeably|steeply, <measure> <moves>, <measure> [have~] go~|
        went|gone|come~|came|be~|climb~|shoot~ up|down, <measure> .. better|worse|improved $,
        <measure> [use|usage|cost|consumption] <moves>|go~|fall~, also|additionally|moreover
        <better>|smaller|cheaper|<works>|generalises|generalizes|saves|more, as bonus, side
        benefit|bonus, added bonus|benefit, bonus, cut~|reduce~|lower~|raise~|boost~|save~|slash~|
        trim~|shave~|increase~|improve~|shorten~ <measure>|time|<outcome>, shave~|trim~|knock~
        off, save~ memory|time|energy|money|compute|hours|minutes, faster|quicker|smaller|cheaper|
        lower and, lower|higher|better|smaller <measure>, <measure> be~|get~|become~|end~ lower|
        higher|smaller, ^ faster|quicker|smaller|cheaper|better $, faster|quicker|smaller|cheaper
        and .. faster|quicker|smaller|cheaper|better|accurate, make~ [<measure>|training|
        inference|compilation|build|everything|it|<arm>] .. faster|quicker|better|cheaper|smaller,
        less|fewer memory|time|energy|compute|errors|failures|crashes|steps than|$|with, more
        memory|compute|energy efficient, quality be~ better|higher, at lower|less cost|price,
        lower|less cost|memory|latency $, better accuracy|quality|throughput|generalisation|
        generalization,
        """,
}
